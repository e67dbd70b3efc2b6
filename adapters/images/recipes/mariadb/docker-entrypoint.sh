#!/bin/bash
# Takes the official image's place: ROOT_PASSWORD, DATABASE, USER and PASSWORD, each as MARIADB_… or MYSQL_…,
# and as …_FILE, and files in /docker-entrypoint-initdb.d at the first start.
set -euo pipefail
DATA=/var/lib/mysql
SOCKET=/run/mysqld/init.sock

setting() {
    local name file
    for name in "MARIADB_$1" "MYSQL_$1"; do
        file=${name}_FILE
        if [ -n "${!name:-}" ]; then printf %s "${!name}"; return; fi
        if [ -n "${!file:-}" ]; then cat "${!file}"; return; fi
    done
}

quoted() { # as an SQL string
    local text=${1//\\/\\\\}
    printf "'%s'" "${text//\'/\\\'}"
}

# The set-up leaves root without a password on every name of this machine; only the two below remain.
accounts() {
    local root database user password
    root=$(quoted "$ROOT") database=$(setting DATABASE) user=$(setting USER) password=$(setting PASSWORD)
    echo "DELETE FROM mysql.global_priv WHERE User IN ('root', '') AND Host <> 'localhost';"
    echo "FLUSH PRIVILEGES;"
    echo "ALTER USER 'root'@'localhost' IDENTIFIED BY $root;"
    echo "CREATE USER 'root'@'%' IDENTIFIED BY $root;"
    echo "GRANT ALL ON *.* TO 'root'@'%' WITH GRANT OPTION;"
    [ -z "$database" ] || echo "CREATE DATABASE IF NOT EXISTS \`$database\`;"
    [ -z "$user" ] || echo "CREATE USER $(quoted "$user")@'%' IDENTIFIED BY $(quoted "$password");"
    [ -z "$user" ] || [ -z "$database" ] ||
        echo "GRANT ALL ON \`${database//_/\\_}\`.* TO $(quoted "$user")@'%';"
}

initialise() {
    ROOT=$(setting ROOT_PASSWORD)
    if [ -z "$ROOT" ] && [ -z "$(setting ALLOW_EMPTY_ROOT_PASSWORD)" ]; then
        echo 'error: cannot make a database without a password: set MARIADB_ROOT_PASSWORD' >&2
        exit 1
    fi
    mariadb-install-db --datadir=$DATA --auth-root-authentication-method=normal --skip-test-db --cross-bootstrap \
        >/dev/null
    mariadbd "$@" --skip-networking --skip-log-bin --socket=$SOCKET &
    local server=$! attempt file
    for attempt in $(seq 240); do
        if mariadb-admin --user=root --socket=$SOCKET ping >/dev/null 2>&1; then break; fi
        sleep 0.25
    done
    accounts | mariadb --user=root --socket=$SOCKET
    export MYSQL_PWD=$ROOT
    for file in /docker-entrypoint-initdb.d/*; do
        case $file in
            *.sh) . "$file" ;;
            *.sql) mariadb --user=root --socket=$SOCKET "$(setting DATABASE)" <"$file" ;;
            *.sql.gz) gunzip --stdout "$file" | mariadb --user=root --socket=$SOCKET "$(setting DATABASE)" ;;
        esac
    done
    mariadb-admin --user=root --socket=$SOCKET shutdown
    unset MYSQL_PWD
    wait $server || true
}

case "${1:-}" in -*) set -- mariadbd "$@" ;; esac
case "$1" in mariadbd | mysqld) ;; *) exec "$@" ;; esac
if [ "$(id -u)" = 0 ]; then
    install -d -o mysql -g mysql /run/mysqld
    find $DATA ! -user mysql -exec chown mysql: '{}' +
    exec gosu mysql "$0" "$@"
fi
[ -d $DATA/mysql ] || initialise "${@:2}"
exec "$@"
