#!/bin/bash
# Has no base backups but those in the arguments after the first, and no log before the segment named first.
set -euo pipefail
oldest=$1
shift
for path in /archive/base/* /archive/base/.[!.]*; do
    [ -e "$path" ] || continue
    case " $* " in *" $(basename "$path" | sed 's/^\.//') "*) ;; *) rm -rf "$path" ;; esac
done
[ -n "$oldest" ] || exit 0
find /archive/wal /archive/second -maxdepth 1 -type f -regextype posix-extended -regex '.*/[0-9A-F]{24}(\..*)?' |
    while read -r path; do
        name=$(basename "$path")
        # The first eight digits are the timeline; what counts is the place.
        [[ ! ${name:8} < ${oldest:8} ]] || rm -f "$path"
    done
[ ! -e /archive/marks ] || {
    awk -v oldest="${oldest:8}" 'substr($3, 9) >= oldest' /archive/marks >/archive/.marks
    # The receiver, which runs as another user, appends to it.
    chown --reference=/archive /archive/.marks
    mv /archive/.marks /archive/marks
}
