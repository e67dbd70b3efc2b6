#!/bin/bash
# Makes in $PGDATA what was there at $TARGET (empty: all that the archive holds), from the base backup $BACKUP and the
# log after it, with the accounts of /miniaws/accounts.sql. Prints its steps as JSON. $VERIFY=1 also compares every
# file with the manifest, and $QUERY=1 reads every table, for drills.
set -euo pipefail
if [ "$(id -u)" = 0 ]; then
    install -d -o postgres -g postgres -m 700 "$(dirname "$PGDATA")"
    exec gosu postgres "$0"
fi
source /miniaws/unpack.sh
server=
trap '[ -z "$server" ] || kill -QUIT $server 2>/dev/null' EXIT
stop_early() { exit 143; }
trap stop_early TERM INT

say unpack
unpack
if [ -n "${VERIFY:-}" ]; then
    say verify
    pg_verifybackup --no-parse-wal --quiet "$PGDATA"
fi
rm -f "$PGDATA/backup_manifest"

say replay
target=()
if [ -n "${TARGET:-}" ]; then target=(-c "recovery_target_time=${TARGET%Z}+00:00" -c recovery_target_action=promote); fi
if [ -n "${AT_BACKUP:-}" ]; then target=(-c recovery_target=immediate -c recovery_target_action=promote); fi
# Before the accounts are ours, only this container's own socket is open.
printf 'local all all trust\n' >/tmp/hba.conf
touch "$PGDATA/recovery.signal"
postgres -D "$PGDATA" -c listen_addresses= -c unix_socket_directories=/tmp -c hba_file=/tmp/hba.conf \
    -c hot_standby=off -c archive_mode=off -c logging_collector=off -c synchronous_standby_names= \
    -c 'restore_command=bash /miniaws/fetch.sh %f %p' "${target[@]}" >&2 &
server=$!
query() { psql -qAtX -v ON_ERROR_STOP=1 --host=/tmp --username=miniaws "$@"; }
until query --dbname=postgres --command='select 1' >/dev/null 2>&1; do
    kill -0 $server 2>/dev/null || { wait $server; exit 1; }
    sleep 0.05
done
reached=$(query --dbname=postgres --command="select coalesce(to_char(pg_last_xact_replay_timestamp() at time zone 'UTC',
    'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), '')")
if [ -n "${QUERY:-}" ]; then
    say query
    query --dbname=postgres --command='select datname from pg_database where datallowconn' | while read -r database; do
        pg_dump --host=/tmp --username=miniaws --dbname="$database" >/dev/null
    done
fi

say accounts
[ ! -e /miniaws/accounts.sql ] || query --dbname=postgres --file=/miniaws/accounts.sql >/dev/null
kill -INT $server
wait $server || true
server=
printf '{"step": "done", "at": "%s", "reached": "%s"}\n' "$(date -u +%FT%T.%3NZ)" "$reached"
