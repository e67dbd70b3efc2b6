#!/bin/bash
# Receives the binary log as it is written, and notes up to which moment it is in the archive.
# The server keeps no more than $KEPT_MB of its log for an archive that does not take it.
set -uo pipefail
KEPT_MB=${KEPT_MB:-1024}
MOST_MISSED=6
if [ "$(id -u)" = 0 ]; then
    install -d -o mysql -g mysql -m 750 /archive /archive/log /archive/base
    # An earlier version has left it to root.
    [ ! -e /archive/marks ] || chown mysql: /archive/marks
    exec gosu mysql "$0"
fi
trap 'kill $(jobs -p) 2>/dev/null; exit 0' TERM INT
query() { mariadb --defaults-extra-file=/miniaws/my.cnf --batch --skip-column-names --connect-timeout=5 "$@"; }

# A file is received again from its beginning. Till that is as long as it was, it is here twice.
put_back() {
    local before name
    for before in /archive/log/.binlog.*.before; do
        [ -e "$before" ] || continue
        name=${before#/archive/log/.} name=/archive/log/${name%.before}
        if [ "$(stat --format=%s "$name" 2>/dev/null || echo 0)" -lt "$(stat --format=%s "$before")" ]; then
            mv "$before" "$name"
        else
            rm "$before"
        fi
    done
}

receive() {
    local here there
    while :; do
        put_back
        # From the newest file that is here, all of it again; or from the oldest that the server still has.
        here=$(find /archive/log -maxdepth 1 -name 'binlog.[0-9]*' -printf '%f\n' | sort | tail -1)
        there=$(query --execute='show binary logs' | cut -f1)
        if [ -n "$there" ]; then
            grep --quiet --line-regexp "${here:-none}" <<<"$there" || here=$(head -1 <<<"$there")
            [ ! -e "/archive/log/$here" ] || mv "/archive/log/$here" "/archive/log/.$here.before"
            mariadb-binlog --defaults-extra-file=/miniaws/my.cnf --read-from-remote-server --raw --stop-never \
                --stop-never-slave-server-id=77 --result-file=/archive/log/ "$here" &
            echo $! >/tmp/receiver
            wait $!
        fi
        sleep 1
    done
}

# Files that the server has purged are a gap in the archive: their names are missing.
bound() {
    local files first
    files=$(query --execute='show binary logs') || return
    first=$(tac <<<"$files" | awk -v most=$((KEPT_MB << 20)) \
        'NR > 1 && sum + $2 > most { exit } { sum += $2; name = $1 } END { print name }')
    [ "$first" = "$(head -1 <<<"$files" | cut -f1)" ] || query --execute="purge binary logs to '$first'"
}

receive &
missed=0
while :; do
    if /miniaws/heartbeat.sh; then
        missed=0
        rm -f /archive/log/.binlog.*.before
    else
        missed=$((missed + 1))
    fi
    if [ "$missed" = "$MOST_MISSED" ]; then
        # Should it hang, another one is begun; if it is not its fault, that does no harm.
        kill -KILL "$(cat /tmp/receiver)" 2>/dev/null
        missed=0
    fi
    bound
    sleep 5 &
    wait $!
done
