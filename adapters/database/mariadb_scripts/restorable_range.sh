#!/bin/bash
# Prints the newest mark of each file of the log, these files with their sizes in bytes,
# the base backups, and the room that is left.
cat /archive/marks /archive/reached 2>/dev/null |
    awk 'NF == 3 { newest[$3] = $0 } END { for (name in newest) print "mark", newest[name] }'
# One that is received again from its beginning is here twice.
find /archive/log -maxdepth 1 -type f \( -name 'binlog.[0-9]*' -o -name '.binlog.*.before' \) -printf 'log %s %f\n' |
    sed 's/ \.\(binlog\.[0-9]*\)\.before$/ \1/'
find /archive/base -mindepth 1 -maxdepth 1 -printf 'base %f\n'
df --output=avail --block-size=1 /archive | sed -n 's/^ *\([0-9]\)/room \1/p'
