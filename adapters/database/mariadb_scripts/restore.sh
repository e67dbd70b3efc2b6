#!/bin/bash
# Makes in $DATA what was there just before the second $TARGET begins (empty: what the backup holds), from the base
# backup $BACKUP and the log after it, with the accounts of /miniaws/accounts.sql. Prints its steps as JSON. $QUERY=1
# also checks and reads every table, for drills.
set -euo pipefail
export TZ=UTC
say() { printf '{"step": "%s", "at": "%s"}\n' "$1" "$(date -u +%FT%T.%3NZ)"; }
server=
trap '[ -z "$server" ] || kill -KILL $server 2>/dev/null' EXIT
stop_early() { exit 143; }
trap stop_early TERM INT

say unpack
cd "/archive/base/$BACKUP"
sha256sum --check --quiet checksums
mkdir -p "$DATA"
find "$DATA" -mindepth 1 -maxdepth 1 ! -name lost+found -exec rm -rf '{}' +
zstd -dqc files.mbstream.zst | mbstream --extract --directory="$DATA"
say prepare
mariadb-backup --prepare --target-dir="$DATA" 2>/tmp/said || { tail -3 /tmp/said >&2; exit 1; }
chown -R mysql: "$DATA"

say replay
gosu mysql mariadbd --no-defaults --datadir="$DATA" --skip-networking --skip-log-bin --socket=/tmp/server.sock \
    --pid-file=/tmp/server.pid --init-file=/miniaws/accounts.sql --max-allowed-packet=1G >&2 &
server=$!
query() { mariadb --defaults-extra-file=/miniaws/own.cnf --socket=/tmp/server.sock --batch --skip-column-names "$@"; }
until query --execute='select 1' >/dev/null 2>&1; do
    kill -0 $server 2>/dev/null || { echo 'the server did not start' >&2; exit 1; }
    sleep 0.05
done
if [ -n "${TARGET:-}" ]; then
    read -r name position <position
    files=()
    size() { stat --format=%s "$1" 2>/dev/null || echo 0; }
    while [ "$(size "/archive/log/$name")" -gt 0 ] || [ -e "/archive/log/.$name.before" ]; do
        # One that is received again is not whole yet.
        file=/archive/log/$name before=/archive/log/.$name.before
        [ "$(size "$before")" -le "$(size "$file")" ] || file=$before
        files+=("$file")
        name=$(printf 'binlog.%06d' $((10#${name#binlog.} + 1)))
    done
    [ ${#files[@]} -gt 0 ] || { echo "the archive has no $name" >&2; exit 1; }
    mariadb-binlog --no-defaults --start-position="$position" --stop-datetime="$TARGET" "${files[@]}" |
        query --binary-mode --max-allowed-packet=1G
fi
if [ -n "${QUERY:-}" ]; then
    say query
    mariadb-check --defaults-extra-file=/miniaws/own.cnf --socket=/tmp/server.sock --all-databases --silent >&2
    mariadb-dump --defaults-extra-file=/miniaws/own.cnf --socket=/tmp/server.sock --all-databases >/dev/null
fi
say stop
mariadb-admin --defaults-extra-file=/miniaws/own.cnf --socket=/tmp/server.sock shutdown
wait $server || true
server=
printf '{"step": "done", "at": "%s", "reached": ""}\n' "$(date -u +%FT%T.%3NZ)"
