#!/bin/bash
# Takes the official image's place: POSTGRES_USER, _PASSWORD, _DB (each also as …_FILE), _INITDB_ARGS,
# _HOST_AUTH_METHOD, and files in /docker-entrypoint-initdb.d at the first start.
set -euo pipefail

# Gives a variable the content of the file that its twin …_FILE names.
from_file() {
    local name=$1 twin=$1_FILE
    [ -n "${!twin:-}" ] || return 0
    [ -z "${!name:-}" ] || { echo "error: both $name and $twin are set" >&2; exit 1; }
    export "$name=$(<"${!twin}")"
    unset "$twin"
}

initialise() {
    local variable file
    for variable in POSTGRES_PASSWORD POSTGRES_USER POSTGRES_DB POSTGRES_INITDB_ARGS; do from_file $variable; done
    local user=${POSTGRES_USER:-postgres} method=${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}
    local database=${POSTGRES_DB:-$user}
    if [ -z "${POSTGRES_PASSWORD:-}" ] && [ "$method" != trust ]; then
        echo 'error: cannot make a database without a password: set POSTGRES_PASSWORD' >&2
        exit 1
    fi
    # shellcheck disable=SC2086  # several words on purpose
    initdb --username="$user" --pwfile=<(printf '%s\n' "${POSTGRES_PASSWORD:-unused}") ${POSTGRES_INITDB_ARGS:-}
    printf '\nhost all all all %s\n' "$method" >>"$PGDATA/pg_hba.conf"

    # On the socket only, so that nobody meets a half-made database.
    PGUSER=$user pg_ctl --pgdata="$PGDATA" --options="-c listen_addresses=''" --wait start
    local query=(psql --set=ON_ERROR_STOP=1 --no-psqlrc --username="$user")
    [ "$database" = postgres ] ||
        printf 'CREATE DATABASE :"name";\n' | "${query[@]}" --dbname=postgres --set=name="$database"
    for file in /docker-entrypoint-initdb.d/*; do
        case $file in
            *.sh) if [ -x "$file" ]; then "$file"; else . "$file"; fi ;;
            *.sql) "${query[@]}" --dbname="$database" --file="$file" ;;
            *.sql.gz) gunzip --stdout "$file" | "${query[@]}" --dbname="$database" ;;
        esac
    done
    PGUSER=$user pg_ctl --pgdata="$PGDATA" --mode=fast --wait stop
}

case "${1:-}" in -*) set -- postgres "$@" ;; esac
[ "$1" = postgres ] || exec "$@"
if [ "$(id -u)" = 0 ]; then
    install -d -o postgres -g postgres -m 700 "$PGDATA"
    install -d -o postgres -g postgres -m 3777 /var/run/postgresql
    find "$PGDATA" ! -user postgres -exec chown postgres '{}' +
    exec gosu postgres "$0" "$@"
fi
[ -s "$PGDATA/PG_VERSION" ] || initialise
exec "$@"
