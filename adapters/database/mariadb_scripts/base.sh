#!/bin/bash
# Makes the base backup $BACKUP of the files in $DATA and prints what it is, as JSON, in the last line.
set -euo pipefail
install -d -o mysql -g mysql -m 750 /archive /archive/log /archive/base
if [ ! -e "/archive/base/$BACKUP" ]; then
    making=/archive/base/.$BACKUP
    rm -rf "$making"
    # One that fails, as the disk is full, leaves the room to the log.
    trap 'rm -rf "$making"' EXIT
    mkdir "$making"
    date -u +%FT%TZ >"$making/began"
    mariadb-backup --defaults-extra-file=/miniaws/my.cnf --backup --stream=mbstream --datadir="$DATA" \
        --target-dir=/tmp/backup 2>/tmp/said | zstd -q -3 >"$making/files.mbstream.zst" ||
        { tail -3 /tmp/said >&2; exit 1; }
    # A restore point is a whole second: the first one that begins after the backup ended.
    date -u -d '+1 second' +%FT%TZ >"$making/ended"
    sed -n "s/.*binlog position: filename '\([^']*\)', position '\([0-9]*\)'.*/\1 \2/p" /tmp/said | tail -1 \
        >"$making/position"
    [ -s "$making/position" ] || { echo 'the backup tells no position of the log' >&2; exit 1; }
    (cd "$making" && sha256sum files.mbstream.zst position >checksums)
    find "$making" -type f -exec sync -d '{}' +
    chown -R mysql: "$making"
    mv "$making" "/archive/base/$BACKUP"
fi
cd "/archive/base/$BACKUP"
read -r name position <position
printf '{"began_at": "%s", "ended_at": "%s", "size_bytes": %s, "begins": "%s", "ends": "%s", "checksum": "%s"}\n' \
    "$(cat began)" "$(cat ended)" "$(stat --format=%s files.mbstream.zst)" "$name" "$name/$position" \
    "$(sha256sum checksums | cut -d' ' -f1)"
