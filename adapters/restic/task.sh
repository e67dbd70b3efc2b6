#!/bin/sh
# One task on a repository, inside a container of its own: task.sh copy|verify|restore|forget …
# What restic says, and the lines {"phase": …} below, tell how far it is; see words.py. Exit code 20: cannot be read.
set -eu
DAMAGED=20

say() { printf '{"phase":"%s"}\n' "$1"; }
fail() { printf 'Fatal: %s\n' "$1" >&2; exit "$DAMAGED"; }
restic() { command restic --no-cache "$@"; }
ids() { restic snapshots --json "$@" | grep -o '"id":"[0-9a-f]\{64\}"' | cut -d'"' -f4; }
forget() { [ -z "$*" ] || restic forget --quiet "$@"; }

opened() {
    [ -e /repository/config ] || return 1
    # A repository has one task at a time: whoever left a lock is dead.
    [ -z "$(ls -A /repository/locks)" ] || restic unlock --remove-all >/dev/null
}

made() {
    [ -z "$(find /repository/data -type f 2>/dev/null | head -n 1)" ] || fail "the repository has lost its config"
    rm -rf /repository/*  # cut off while it was made
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

# forget_copy NAME
forget_copy() {
    opened || exit 0
    forget $(ids --tag "$1" --tag preparing)
    restic prune --quiet  # also when it was cut off here
}

task=$1
shift
case "$task" in
    copy) copy "$@" ;;
    verify) verify "$@" ;;
    restore) restore "$@" ;;
    forget) forget_copy "$@" ;;
esac
