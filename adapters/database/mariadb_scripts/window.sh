#!/bin/bash
# Prints the newest mark of each file of the log, these files with their sizes in bytes, and the room that is left.
cat /archive/marks /archive/reached 2>/dev/null |
    awk '{ newest[$3] = $0 } END { for (name in newest) print "mark", newest[name] }'
find /archive/log -maxdepth 1 -type f -name 'binlog.[0-9]*' -printf 'log %s %f\n'
df --output=avail --block-size=1 /archive | sed -n 's/^ *\([0-9]\)/room \1/p'
