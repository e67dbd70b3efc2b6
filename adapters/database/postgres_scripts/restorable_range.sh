#!/bin/bash
# Prints the newest mark of each segment, the segments of the log with their sizes in bytes,
# the base backups, and the room that is left.
cat /archive/marks /archive/reached 2>/dev/null |
    awk 'NF == 3 { newest[$3] = $0 } END { for (segment in newest) print "mark", newest[segment] }'
find /archive/wal /archive/second -maxdepth 1 -type f -regextype posix-extended \
    -regex '.*/[0-9A-F]{24}(\.zst|\.partial)?' -printf 'log %s %f\n'
find /archive/base -mindepth 1 -maxdepth 1 -printf 'base %f\n'
df --output=avail --block-size=1 /archive | sed -n 's/^ *\([0-9]\)/room \1/p'
