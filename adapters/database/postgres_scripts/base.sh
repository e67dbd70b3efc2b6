#!/bin/bash
# Makes the base backup $BACKUP and prints what it is, as JSON, in the last line.
# Needs PGHOST, PGUSER, PGPASSFILE.
set -euo pipefail
export PGCONNECT_TIMEOUT=10
if [ "$(id -u)" = 0 ]; then
    install -d -o postgres -g postgres -m 750 /archive /archive/wal /archive/second /archive/base
    exec gosu postgres "$0"
fi
now() { date -u +%FT%T.%6NZ; }
json() { sed -n "s/.*\"$1\": *\"\{0,1\}\([^\",}]*\)\"\{0,1\}.*/\1/p" "$2" | head -1; }

if [ ! -e "/archive/base/$BACKUP" ]; then
    making=/archive/base/.$BACKUP
    rm -rf "$making"
    # One that fails, as the disk is full, leaves the room to the log.
    trap 'rm -rf "$making"' EXIT
    mkdir "$making"
    now >"$making/began"
    pg_basebackup --pgdata="$making/files" --format=tar --wal-method=fetch --checkpoint=fast --no-password \
        --compress=server-zstd:3 --manifest-checksums=SHA256 --label="$BACKUP"
    now >"$making/ended"
    mv "$making"/files/* "$making/"
    rmdir "$making/files"
    (cd "$making" && sha256sum base.tar.zst backup_manifest >checksums)
    find "$making" -type f -exec sync -d '{}' +
    mv "$making" "/archive/base/$BACKUP"
fi
cd "/archive/base/$BACKUP"
size=$(du -cb base.tar.zst backup_manifest | tail -1 | cut -f1)
timeline=$(json Timeline backup_manifest)
first=$(json Start-LSN backup_manifest)
last=$(json End-LSN backup_manifest)
printf '{"began_at": "%s", "ended_at": "%s", "size_bytes": %s, "begins": "%s", "ends": "%s", "checksum": "%s"}\n' \
    "$(cat began)" "$(cat ended)" "$size" "$timeline/$first" "$timeline/$last" \
    "$(sha256sum checksums | cut -d' ' -f1)"
