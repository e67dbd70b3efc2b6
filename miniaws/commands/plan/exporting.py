"""An estate as the documents of a manifest."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from domain.plan import Estate, Key, Resource
from miniaws.commands.plan.estates import OWN_TAGS
from miniaws.commands.plan.manifest import references

_DEFAULT_VPC = Key("vpc", "default")
"""Every account has one, so a manifest describes it only with tags."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which resources to export; what they refer to is exported, too. None and nothing mean: any."""

    vpc: str | None = None
    kind: str | None = None
    name: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict[str, str])

    def matches(self, resource: Resource) -> bool:
        """Return whether a resource is selected for its own sake."""
        return (
            self.kind in {None, resource.kind}
            and self.name in {None, resource.name}
            and self.tags.items() <= resource.tags.items()
            and (self.vpc is None or Key("vpc", self.vpc) in {resource.key, *_needs(resource)})
        )


def documents(estate: Estate, selection: Selection) -> list[dict[str, Any]]:
    """Return the documents of the resources to export, in an order in which they can be created."""
    keys: set[Key] = set()
    left = [each.key for each in estate.values() if selection.matches(each)]
    while left:
        key = left.pop()
        if key in estate and key not in keys:
            keys.add(key)
            left += _needs(estate[key])
    chosen = [each for key, each in estate.items() if key in keys]
    return [_document(each) for each in chosen if each.key != _DEFAULT_VPC or _own_tags(each)]


def _needs(resource: Resource) -> list[Key]:
    return [key for _, key in references(resource.spec) if key is not None]


def _own_tags(resource: Resource) -> dict[str, str]:
    """Return the tags that users gave."""
    return {key: value for key, value in resource.tags.items() if not key.startswith(OWN_TAGS)}


def _document(resource: Resource) -> dict[str, Any]:
    stopped = {"running": False} if resource.running is False else {}
    document = {"kind": resource.kind, "name": resource.name, "tags": _own_tags(resource)}
    return {**document, **stopped, "spec": dict(resource.spec)}
