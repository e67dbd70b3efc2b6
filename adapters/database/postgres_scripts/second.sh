#!/bin/bash
# The server's archive_command: keeps a whole segment that the receiver has not got. Arguments: path, name, and how many
# MB of the log the server may keep for us.
set -uo pipefail
for kept in /archive/wal/"$2" /archive/wal/"$2".zst /archive/second/"$2" /archive/second/"$2".zst; do
    [ ! -e "$kept" ] || exit 0
done
cp "$1" "/archive/second/.$2" && sync -d "/archive/second/.$2" &&
    mv "/archive/second/.$2" "/archive/second/$2" && exit 0
rm -f "/archive/second/.$2"
# What is refused is kept for ever: rather a gap in the archive than a full disk of the server.
kept_mb=$(du -sm "$(dirname "$1")" | cut -f1)
[ "$kept_mb" -gt "$3" ] || exit 1
echo "gave up $2: the archive cannot take it, and $kept_mb MB of the log are kept for it" >&2
exit 0
