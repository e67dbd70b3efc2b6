#!/bin/bash
# Takes the official image's place: RABBITMQ_DEFAULT_USER, _PASS, _VHOST and RABBITMQ_ERLANG_COOKIE.
set -eu
[ "$1" = rabbitmq-server ] && [ "$(id -u)" = 0 ] || exec "$@"

home=/var/lib/rabbitmq
chown -R rabbitmq: $home /var/log/rabbitmq /etc/rabbitmq
if [ -n "${RABBITMQ_ERLANG_COOKIE:-}" ] && [ ! -e $home/.erlang.cookie ]; then
    (umask 077 && printf %s "$RABBITMQ_ERLANG_COOKIE" >$home/.erlang.cookie)
    chown rabbitmq: $home/.erlang.cookie
fi

settings=/etc/rabbitmq/conf.d/10-defaults.conf
(umask 077 && : >$settings)
{
    echo 'loopback_users.guest = false'
    echo 'log.console = true'
    echo 'listeners.tcp.default = 5672'
    [ -z "${RABBITMQ_DEFAULT_USER:-}" ] || echo "default_user = $RABBITMQ_DEFAULT_USER"
    [ -z "${RABBITMQ_DEFAULT_PASS:-}" ] || echo "default_pass = $RABBITMQ_DEFAULT_PASS"
    [ -z "${RABBITMQ_DEFAULT_VHOST:-}" ] || echo "default_vhost = $RABBITMQ_DEFAULT_VHOST"
} >$settings
chown rabbitmq: $settings
cd $home
exec gosu rabbitmq "$@"
