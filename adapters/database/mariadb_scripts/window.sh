#!/bin/bash
# Prints the newest mark of each file of the log, and these files with their sizes in bytes.
cat /archive/marks /archive/reached 2>/dev/null |
    awk '{ newest[$3] = $0 } END { for (name in newest) print "mark", newest[name] }' || true
find /archive/log -maxdepth 1 -type f -name 'binlog.[0-9]*' -printf 'log %s %f\n'
