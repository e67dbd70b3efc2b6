#!/bin/bash
# Receives the write-ahead log as it is written, and notes up to which moment it is in the archive.
# Needs PGHOST, PGUSER, PGPASSFILE; SYNCHRONOUS=1 makes every commit wait for us.
set -uo pipefail
export PGDATABASE=postgres PGCONNECT_TIMEOUT=5
MOST_MISSED=6
if [ "$(id -u)" = 0 ]; then
    install -d -o postgres -g postgres -m 750 /archive /archive/wal /archive/second /archive/base
    # An earlier version has left it to root.
    [ ! -e /archive/marks ] || chown postgres: /archive/marks
    exec gosu postgres "$0"
fi
trap 'kill $(jobs -p) 2>/dev/null; exit 0' TERM INT

# A slot that is too far behind cannot be used any more: start again. Names of files are missing then, which is the gap.
restart_if_lost() {
    [ "$(psql -qAtX -c "select wal_status from pg_replication_slots where slot_name = 'miniaws'")" = lost ] || return 0
    echo 'the server has removed log that the slot still needed: starting with a new slot'
    psql -qAtX -c "select pg_drop_replication_slot('miniaws')" || return
    mv --no-clobber /archive/wal/* /archive/second/
    rm -f /archive/wal/*
}

receive() {
    # If we hang, the server disconnects us: until then it can neither invalidate the slot nor end a checkpoint.
    export PGOPTIONS='-c tcp_user_timeout=20s'
    while :; do
        restart_if_lost
        # Cut off while it was made, as the disk was full: nothing is in it yet, and it would be refused.
        find /archive/wal -name '*.partial' ! -size 0 ! -size 16777216c -delete
        pg_receivewal --directory=/archive/wal --slot=miniaws --create-slot --if-not-exists --no-password && {
            pg_receivewal --directory=/archive/wal --slot=miniaws --status-interval=1 --no-password --no-loop \
                ${SYNCHRONOUS:+--synchronous} &
            echo $! >/tmp/receiver
            wait $!
        }
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
round=0 missed=0
while :; do
    if /miniaws/heartbeat.sh; then missed=0; else missed=$((missed + 1)); fi
    if [ "$missed" = "$MOST_MISSED" ]; then
        # Should it hang, another one is begun; if it is not its fault, that does no harm.
        kill -KILL "$(cat /tmp/receiver)" 2>/dev/null
        missed=0
    fi
    [ $((round++ % 12)) != 11 ] || compress
    sleep 5 &
    wait $!
done
