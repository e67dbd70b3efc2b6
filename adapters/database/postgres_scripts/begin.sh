#!/bin/bash
# Begins the server with the parameters of its container, which nobody could tell it while it was stopped. Later ones
# it is told while it runs. Arguments: the command of the server. Needs PGDATA.
set -euo pipefail
told=$PGDATA/postgresql.auto.conf
if [ -e "$told" ] && [ ! -e /miniaws/begun ]; then
    # What follows another one keeps what it must have as much of; the last word counts.
    [ -e "$PGDATA/standby.signal" ] || : >"$told"
    cat /miniaws/parameters.conf >>"$told"
fi
touch /miniaws/begun
exec docker-entrypoint.sh "$@"
