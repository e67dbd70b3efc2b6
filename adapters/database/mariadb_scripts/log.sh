#!/bin/bash
# Receives the binary log as it is written, and notes up to which moment it is in the archive.
set -uo pipefail
if [ "$(id -u)" = 0 ]; then
    install -d -o mysql -g mysql -m 750 /archive /archive/log /archive/base
    exec gosu mysql "$0"
fi
trap 'kill $(jobs -p) 2>/dev/null; exit 0' TERM INT
query() { mariadb --defaults-extra-file=/miniaws/my.cnf --batch --skip-column-names --connect-timeout=5 "$@"; }

receive() {
    local here there
    while :; do
        # From the newest file that is here, all of it again; or from the oldest that the server still has.
        here=$(find /archive/log -maxdepth 1 -name 'binlog.[0-9]*' -printf '%f\n' | sort | tail -1)
        there=$(query --execute='show binary logs' | cut -f1)
        if [ -n "$there" ]; then
            grep --quiet --line-regexp "${here:-none}" <<<"$there" || here=$(head -1 <<<"$there")
            mariadb-binlog --defaults-extra-file=/miniaws/my.cnf --read-from-remote-server --raw --stop-never \
                --stop-never-slave-server-id=77 --result-file=/archive/log/ "$here"
        fi
        sleep 1
    done
}

receive &
while :; do
    /miniaws/beat.sh || true
    sleep 5 &
    wait $!
done
