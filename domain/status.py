"""Statuses that every kind of resource shares."""

SETTLING = frozenset(
    {
        "pending",
        "starting",
        "stopping",
        "terminating",
        "creating",
        "deleting",
        "purging",
        "restoring",
        "backing-up",
        "rotating",
        "promoting",
        "modifying",
        "applying",
    }
)
"""Something is under way: another status follows by itself."""

USABLE = frozenset({"available", "backing-up"})
"""Clients can use a server with one of these statuses. ``backing-up``: its first backup is not complete yet."""

IN_TRASH = frozenset({"trashed", "purging"})
"""The resource is in the trash, or is removed from it for good."""

GONE = frozenset({"terminated", "deleted", *IN_TRASH})
"""To others, the resource does not exist."""
