#!/bin/bash
# Prints the newest mark of each segment, the segments of the log with their sizes in bytes, and the room that is left.
cat /archive/marks /archive/reached 2>/dev/null |
    awk '{ newest[$3] = $0 } END { for (segment in newest) print "mark", newest[segment] }'
find /archive/wal /archive/second -maxdepth 1 -type f -regextype posix-extended \
    -regex '.*/[0-9A-F]{24}(\.zst|\.partial)?' -printf 'log %s %f\n'
df --output=avail --block-size=1 /archive | sed -n 's/^ *\([0-9]\)/room \1/p'
