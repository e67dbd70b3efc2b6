#!/bin/bash
# Receives the write-ahead log as it is written, and notes up to which moment it is in the archive.
# Needs PGHOST, PGUSER, PGPASSFILE; SYNCHRONOUS=1 makes every commit wait for us.
set -uo pipefail
export PGDATABASE=postgres PGCONNECT_TIMEOUT=5
if [ "$(id -u)" = 0 ]; then
    install -d -o postgres -g postgres -m 750 /archive /archive/wal /archive/second /archive/base
    exec gosu postgres "$0"
fi
trap 'kill $(jobs -p) 2>/dev/null; exit 0' TERM INT

# A slot that was left behind too far is of no use any more: begin anew; the gap is seen in the names of the files.
begin_anew_if_lost() {
    [ "$(psql -qAtX -c "select wal_status from pg_replication_slots where slot_name = 'miniaws'")" = lost ] || return 0
    echo 'the log was kept as long as allowed, and is lost from here on: beginning anew'
    psql -qAtX -c "select pg_drop_replication_slot('miniaws')" || return
    mv --no-clobber /archive/wal/* /archive/second/
    rm -f /archive/wal/*
}

receive() {
    while :; do
        begin_anew_if_lost
        pg_receivewal --directory=/archive/wal --slot=miniaws --create-slot --if-not-exists --no-password &&
            pg_receivewal --directory=/archive/wal --slot=miniaws --status-interval=1 --no-password \
                ${SYNCHRONOUS:+--synchronous}
        sleep 1
    done
}

# Whole segments take less room compressed; the two newest stay as they are, as the receiver looks at them.
compress() {
    local name
    find /archive/wal /archive/second -regextype posix-extended -regex '.*/[0-9A-F]{24}' -mmin +1 | sort |
        head --lines=-2 | while read -r name; do
        zstd -q -3 --force "$name" -o "$name.part" && sync -d "$name.part" && mv "$name.part" "$name.zst" && rm "$name"
    done
}

receive &
round=0
while :; do
    /miniaws/beat.sh || true
    [ $((round++ % 12)) != 11 ] || compress
    sleep 5 &
    wait $!
done
