"""Which resources a rewind or a fork is about."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from domain.plan.estate import Estate, Key, Resource
from domain.plan.kinds import KINDS


@dataclass(frozen=True, slots=True)
class Filter:
    """What people name; nothing means everything."""

    vpc: str | None = None
    kind: str | None = None
    name: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def is_everything(self) -> bool:
        """Return whether it excludes nothing."""
        return not (self.vpc or self.kind or self.name or self.tags)


def rewound(desired: Estate, current: Estate, wanted: Filter) -> frozenset[Key] | None:
    """Return what a rewind may touch; None is everything.

    What matches, with its volumes, and of what it refers to only what does not exist any more: a rewind of one instance
    leaves the VPC that it is in as it is.
    """
    if wanted.is_everything:
        return None
    matching = matches(desired, wanted)
    needed = {key for key in closed(desired, matching) if key not in current or key.kind == "volume"}
    return matching | needed | matches(current, wanted)


def forked(desired: Estate, wanted: Filter) -> Estate:
    """Return what a fork copies: what matches, with all that it refers to."""
    keys = closed(desired, matches(desired, wanted))
    return {key: each for key, each in desired.items() if key in keys}


def matches(estate: Estate, wanted: Filter) -> frozenset[Key]:
    """Return what matches. A volume is in the VPC of its instance."""
    vpc = Key("vpc", wanted.vpc) if wanted.vpc else None
    inside = {key for key, each in estate.items() if vpc in {None, key} or vpc in _references(each)}
    inside |= {used for key in inside for used in _references(estate[key]) if used.kind == "volume"}
    return frozenset(key for key in inside if key in estate and _matches(estate[key], wanted))


def closed(estate: Estate, keys: Iterable[Key]) -> frozenset[Key]:
    """Return resources with all that they refer to."""
    found: set[Key] = set()
    left = list(keys)
    while left:
        key = left.pop()
        if key not in found and key in estate:
            found.add(key)
            left += _references(estate[key])
    return frozenset(found)


def _matches(resource: Resource, wanted: Filter) -> bool:
    return (
        wanted.kind in {None, resource.kind}
        and wanted.name in {None, resource.name}
        and wanted.tags.items() <= resource.tags.items()
    )


def _references(resource: Resource) -> frozenset[Key]:
    return KINDS[resource.kind].references(resource)
