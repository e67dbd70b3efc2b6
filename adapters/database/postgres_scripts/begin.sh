#!/bin/bash
# Starts the server with the parameters of its container, which could not be set while it was stopped. Later ones are
# set while it runs. Arguments: the command of the server. Needs PGDATA.
set -euo pipefail
settings=$PGDATA/postgresql.auto.conf
if [ -e "$settings" ] && [ ! -e /miniaws/begun ]; then
    # A replica keeps the settings that must be at least those of its source. The last value of a setting applies.
    [ -e "$PGDATA/standby.signal" ] || : >"$settings"
    cat /miniaws/parameters.conf >>"$settings"
fi
touch /miniaws/begun
exec docker-entrypoint.sh "$@"
