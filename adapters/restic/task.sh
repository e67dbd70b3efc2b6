#!/bin/sh
# One task on a repository, inside a container of its own: task.sh copy|transfer|verify|restore|forget …
# The repository is a folder, or a URL that restic knows; the one that a transfer reads is /source.
# What restic says, and the lines {"phase": …} below, tell how far it is; see words.py. Exit code 20: cannot be read.
set -eu
DAMAGED=20

say() { printf '{"phase":"%s"}\n' "$1"; }
fail() { printf 'Fatal: %s\n' "$1" >&2; exit "$DAMAGED"; }
trust=''
[ ! -e /miniaws/ca.pem ] || trust='--cacert /miniaws/ca.pem'
restic() { command restic --no-cache $trust "$@"; }
ids() { restic snapshots --json "$@" | grep -o '"id":"[0-9a-f]\{64\}"' | cut -d'"' -f4; }
forget() { [ -z "$*" ] || restic forget --quiet "$@"; }

opened() {
    case "$RESTIC_REPOSITORY" in
        /*) [ -e "$RESTIC_REPOSITORY/config" ] || return 1
            [ -n "$(ls -A "$RESTIC_REPOSITORY/locks")" ] || return 0 ;;
    esac
    # A repository has one task at a time: whoever left a lock is dead.
    restic unlock --remove-all >/dev/null 2>/tmp/why && return
    ! grep -q "does not exist" /tmp/why || return 1
    # It cannot be reached, or not be opened.
    cat /tmp/why >&2
    exit 1
}

made() {
    case "$RESTIC_REPOSITORY" in
        /*) [ -z "$(find "$RESTIC_REPOSITORY/data" -type f 2>/dev/null | head -n 1)" ] ||
                fail "the repository has lost its config"
            rm -rf "$RESTIC_REPOSITORY"/* ;;  # cut off while it was made
    esac
    restic init --quiet
}

# copy NAME PARENT|none waits|at-once VOLUME...
copy() {
    name=$1 parent=$2 waits=$3
    shift 3
    opened || made
    how=--force
    [ "$parent" = none ] || how="--parent $parent"
    if [ "$waits" = waits ]; then
        say preparing
        # So that most blocks are there already when those who write are paused. What it saw is not relied on: files
        # may change without their times telling. The copy itself compares with the last one that was still.
        restic backup --json --host preparing --tag preparing $how "$@" || [ $? = 3 ]
    fi
    mkfifo /tmp/go
    # restic asks what to leave out after it has opened the repository, and before it looks at any file.
    restic backup --json --host miniaws --tag "$name" $how \
        --exclude-file /tmp/go "$@" &
    copying=$!
    if [ "$waits" = waits ]; then
        ( exec 9>/tmp/go; say ready; exec sleep 86400 ) &
        gate=$!
        # What is written through memory counts as changed only from when it has been on disk.
        sync -f "$@"
        trap 'say copying; sync -f "$@"; kill "$gate"' USR1
    else
        ( : >/tmp/go ) &
    fi
    wait "$copying" && code=0 || code=$?
    if [ "$code" -gt 128 ]; then  # the signal has ended the wait, not the program
        wait "$copying" && code=0 || code=$?
    fi
    exit "$code"
}

size() { restic stats --mode raw-data --json | grep -o '"total_size":[0-9]*' | cut -d: -f2; }

# transfer NAME SOURCE ID
transfer() {
    there='' before=0
    if opened; then there=$(ids --tag "$1") before=$(size); else made; fi
    if [ -z "$there" ]; then
        say transferring
        # What it reads is not locked: nothing is forgotten there meanwhile.
        restic copy --no-lock --from-repo /source --from-password-file /miniaws/source-key "$3"
        restic tag --quiet --set "$1" --tag "$2"
    fi
    say transferred
    printf '{"message_type":"summary","snapshot_id":"%s","data_added":%d}\n' \
        "$(ids --tag "$1" | tail -n 1)" $(($(size) - before))
}

# verify NAME ID thoroughly|lightly
verify() {
    opened || fail "the repository is gone"
    # What is left of preparations, and of attempts that were cut off.
    forget $(ids --tag preparing --tag "$1" | grep -v "^$2")
    restic dump --quiet --archive tar "$2" / >/dev/null || exit "$DAMAGED"
    [ "$3" = lightly ] || restic check --quiet --read-data || exit "$DAMAGED"
}

# restore ID VOLUME
restore() {
    opened || fail "the repository is gone"
    find "$2" -mindepth 1 -delete
    if command restic restore --help | grep -q -e --sparse; then
        restic restore --verify --sparse --target / --include "$2" "$1"
    else
        restic restore --verify --target / --include "$2" "$1"
        # Digging holes touches the times of a file, and would take capabilities away from a program.
        find "$2" -type f ! -perm /111 -size +128 -exec sh -c '
            for file; do
                touch -r "$file" /tmp/times && fallocate --dig-holes "$file" && touch -r /tmp/times "$file"
            done' sh {} +
    fi
}

# forget_copy NAME one|last
forget_copy() {
    opened || exit 0
    case "$2$RESTIC_REPOSITORY" in
        last/*) rm -rf "$RESTIC_REPOSITORY"; exit 0 ;;
    esac
    forget $(ids --tag "$1" --tag preparing)
    restic prune --quiet  # also when it was cut off here
}

task=$1
shift
case "$task" in
    copy) copy "$@" ;;
    transfer) transfer "$@" ;;
    verify) verify "$@" ;;
    restore) restore "$@" ;;
    forget) forget_copy "$@" ;;
esac
