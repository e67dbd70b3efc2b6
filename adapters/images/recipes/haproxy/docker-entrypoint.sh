#!/bin/sh
# Takes the official image's place: HAProxy as a master with workers, in the foreground.
set -eu
case "${1:-}" in -*) set -- haproxy "$@" ;; esac
[ "$1" = haproxy ] || exec "$@"
shift
exec haproxy -W -db "$@"
