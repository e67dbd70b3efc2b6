#!/bin/bash
# Has no base backups but those in the arguments after the first, and no log before the file named first.
set -euo pipefail
oldest=$1
shift
for path in /archive/base/* /archive/base/.[!.]*; do
    [ -e "$path" ] || continue
    case " $* " in *" $(basename "$path" | sed 's/^\.//') "*) ;; *) rm -rf "$path" ;; esac
done
[ -n "$oldest" ] || exit 0
for path in /archive/log/binlog.*; do
    [[ ! $(basename "$path") < $oldest ]] || rm -f "$path"
done
[ ! -e /archive/marks ] || {
    awk -v oldest="$oldest" '$3 >= oldest' /archive/marks >/archive/.marks
    # The receiver, which runs as another user, appends to it.
    chown --reference=/archive /archive/.marks
    mv /archive/.marks /archive/marks
}
