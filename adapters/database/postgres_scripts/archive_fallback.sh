#!/bin/bash
# The server's archive_command: archives a complete segment that the receiver did not get.
# Arguments: path, name, and how many MB of the log the server may retain for the archive.
set -uo pipefail
for kept in /archive/wal/"$2" /archive/wal/"$2".zst /archive/second/"$2" /archive/second/"$2".zst; do
    [ ! -e "$kept" ] || exit 0
done
cp "$1" "/archive/second/.$2" && sync -d "/archive/second/.$2" &&
    mv "/archive/second/.$2" "/archive/second/$2" && exit 0
rm -f "/archive/second/.$2"
# The server keeps each segment until this succeeds. A gap in the archive is better than a full disk of the server.
kept_mb=$(du -sm "$(dirname "$1")" | cut -f1)
[ "$kept_mb" -gt "$3" ] || exit 1
echo "skipped $2: the archive cannot take it, and the server already keeps $kept_mb MB of its log" >&2
exit 0
