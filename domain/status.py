"""Statuses that every kind of resource shares."""

SETTLING = frozenset(
    {
        "pending",
        "starting",
        "stopping",
        "terminating",
        "creating",
        "deleting",
        "restoring",
        "rotating",
        "promoting",
        "modifying",
    }
)
"""Something is under way: another status follows by itself."""
