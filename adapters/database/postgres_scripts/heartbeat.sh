#!/bin/bash
# Commits something, so that the log has an end in time, and notes that moment once the archive holds it.
set -euo pipefail
# Whoever waits for the archive waits for us: we do not.
export PGDATABASE=postgres PGCONNECT_TIMEOUT=5 PGOPTIONS='-c synchronous_commit=local'
[ "$(id -u)" != 0 ] || exec gosu postgres "$0"
trap 'rm -f "/archive/.reached.$$"' EXIT

read -r at < <(psql -qAtX -v ON_ERROR_STOP=1 \
    -c "select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')")
psql -qAtX -v ON_ERROR_STOP=1 -c "select pg_logical_emit_message(true, 'miniaws', '')" >/dev/null
read -r lsn segment < <(psql -qAtX -F ' ' -v ON_ERROR_STOP=1 \
    -c "select lsn, pg_walfile_name(lsn) from pg_current_wal_flush_lsn() lsn")
for _ in $(seq 25); do
    held=$(psql -qAtX -v ON_ERROR_STOP=1 -c "select exists (
        select from pg_stat_replication where application_name = 'pg_receivewal' and write_lsn >= '$lsn'
    ) or exists (select from pg_stat_archiver where last_archived_wal >= '$segment')")
    if [ "$held" = t ]; then
        printf '%s %s %s\n' "$at" "$lsn" "$segment" >"/archive/.reached.$$"
        # Of each segment that is left behind, the last mark is kept.
        last=$(cut -d' ' -f3 /archive/reached 2>/dev/null || true)
        [ -z "$last" ] || [ "$last" = "$segment" ] || cat /archive/reached >>/archive/marks
        # Two beats at once: the later moment stays.
        newest=$(cut -d' ' -f1 /archive/reached 2>/dev/null || true)
        [[ ! $newest > $at ]] || exit 0
        mv "/archive/.reached.$$" /archive/reached
        exit 0
    fi
    sleep 0.2
done
echo "the log receiver has not got $lsn yet" >&2
exit 1
