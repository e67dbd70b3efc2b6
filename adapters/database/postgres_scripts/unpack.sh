#!/bin/bash
# Unpacks the base backup $BACKUP into $PGDATA, after comparing its checksums. Sourced.
unpack() {
    (cd "/archive/base/$BACKUP" && sha256sum --check --quiet checksums)
    rm -rf "$PGDATA"
    install -d -m 700 "$PGDATA"
    zstd -dqc "/archive/base/$BACKUP/base.tar.zst" | tar --extract --directory="$PGDATA"
    cp "/archive/base/$BACKUP/backup_manifest" "$PGDATA/"
}
say() { printf '{"step": "%s", "at": "%s"}\n' "$1" "$(date -u +%FT%T.%3NZ)"; }
