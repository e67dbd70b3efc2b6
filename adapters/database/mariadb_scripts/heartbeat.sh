#!/bin/bash
# Commits something, so that the log has an end in time, and notes that moment once the archive holds it.
set -euo pipefail
[ "$(id -u)" != 0 ] || exec gosu mysql "$0"
trap 'rm -f "/archive/.reached.$$"' EXIT
query() { mariadb --defaults-extra-file=/miniaws/my.cnf --batch --skip-column-names --connect-timeout=5 "$@"; }

read -r at < <(query --execute="select date_format(utc_timestamp(), '%Y-%m-%dT%H:%i:%sZ')")
query --execute='create database if not exists miniaws;
    create table if not exists miniaws.beat (id int primary key, at datetime(6));
    replace into miniaws.beat values (1, utc_timestamp(6))'
read -r name position _ < <(query --execute='show master status')
for _ in $(seq 25); do
    size=$(stat --format=%s "/archive/log/$name" 2>/dev/null || echo 0)
    if [ "$size" -ge "$position" ]; then
        printf '%s %s %s\n' "$at" "$position" "$name" >"/archive/.reached.$$"
        last=$(cut -d' ' -f3 /archive/reached 2>/dev/null || true)
        [ -z "$last" ] || [ "$last" = "$name" ] || cat /archive/reached >>/archive/marks
        newest=$(cut -d' ' -f1 /archive/reached 2>/dev/null || true)
        [[ ! $newest > $at ]] || exit 0
        mv "/archive/.reached.$$" /archive/reached
        exit 0
    fi
    sleep 0.2
done
echo "the log receiver has not got $name up to $position yet" >&2
exit 1
