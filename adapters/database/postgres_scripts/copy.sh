#!/bin/bash
# Makes in $PGDATA a copy of the server at $PGHOST, which will follow that one by its slot $SLOT. Prints its steps as
# JSON. Needs PGHOST, PGUSER, PGPASSFILE.
set -euo pipefail
# If it hangs, the server disconnects it: until then, no checkpoint that invalidates the slot could end.
export PGCONNECT_TIMEOUT=10 PGOPTIONS=-ctcp_user_timeout=20s
if [ "$(id -u)" = 0 ]; then
    install -d -o postgres -g postgres -m 700 "$(dirname "$PGDATA")"
    exec gosu postgres "$0"
fi
source /miniaws/unpack.sh

say copy
rm -rf "$PGDATA"
pg_basebackup --pgdata="$PGDATA" --wal-method=stream --slot="$SLOT" --checkpoint=fast --no-password
rm -f "$PGDATA/backup_manifest"
touch "$PGDATA/standby.signal"
sync -f "$PGDATA"
say done
