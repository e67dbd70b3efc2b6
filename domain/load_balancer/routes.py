"""Where a load balancer listens, and the target groups to which it sends requests."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

from domain import values
from domain.errors import Invalid, within
from domain.load_balancer.spec import DEFAULT_GROUP, Listener, TargetGroup

MAX_LISTENERS = 50
MAX_GROUPS = 50


@dataclass(frozen=True, slots=True)
class Routes:
    """Listeners and target groups that fit together."""

    listeners: tuple[Listener, ...]
    target_groups: tuple[TargetGroup, ...]

    @classmethod
    def of(cls, listeners: Iterable[Mapping[str, Any]], groups: Iterable[Mapping[str, Any]]) -> Self:
        """Return the routes that an event holds as JSON."""
        return cls(
            tuple(Listener.of(each) for each in listeners), tuple(TargetGroup.of(each) for each in groups)
        )

    def listeners_as_json(self) -> list[dict[str, Any]]:
        """Return what events hold of the listeners."""
        return [asdict(listener) for listener in self.listeners]

    def groups_as_json(self) -> list[dict[str, Any]]:
        """Return what events hold of the target groups."""
        return [asdict(group) for group in self.target_groups]

    def group(self, name: str) -> TargetGroup:
        """Return a target group that exists."""
        return next(group for group in self.target_groups if group.name == name)

    def ports_that_use(self, certificate: str) -> list[int]:
        """Return the ports of the listeners that use a certificate."""
        return [each.port for each in self.listeners if certificate in each.certificates]

    def check_group(self, name: str, balancer: str) -> None:
        """Raise Invalid unless there is such a target group."""
        known = [group.name for group in self.target_groups]
        if name not in known:
            raise values.must(
                "target_group", f"be one of the target groups of {balancer} ({', '.join(known)})", name
            )

    def check_in_use(self, used: Iterable[str]) -> None:
        """Raise Invalid when a target group is missing that targets or selectors are in."""
        for name in sorted(set(used) - {group.name for group in self.target_groups}):
            raise Invalid(
                f"cannot remove the target group {name}: it has targets or selectors; take them out first",
                field="target_groups",
            )

    def check(self, certificates: Iterable[str]) -> None:
        """Raise Invalid unless listeners, groups and certificates fit together."""
        _refuse_too_many(self.listeners, MAX_LISTENERS, "listeners")
        _refuse_too_many(self.target_groups, MAX_GROUPS, "target groups")
        for index, listener in enumerate(self.listeners):
            with within("listeners", index):
                listener.check()
        for path, group in self._paths():
            with within(*path):
                group.check()
        ports = [str(listener.port) for listener in self.listeners]
        names = [group.name for group in self.target_groups]
        values.distinct(ports, "ports", "listeners")
        values.distinct(names, "names", "target_groups")
        if DEFAULT_GROUP not in names:
            raise values.must("target_groups", f"include `{DEFAULT_GROUP}`")
        for index, listener in enumerate(self.listeners):
            with within("listeners", index):
                _refuse_unknown(listener, set(names), set(certificates))
        for path, group in self._paths():
            used_by = [each for each in self.listeners if group.name in each.groups()]
            _refuse_both_modes(group, used_by)
            with within(*path):
                _refuse_sticky_connections(group, used_by)

    def _paths(self) -> Iterator[tuple[Sequence[str | int], TargetGroup]]:
        """Yield each target group with its path in a request, where the fields of the default group have none."""
        others = 0
        for group in self.target_groups:
            if group.name == DEFAULT_GROUP:
                yield (), group
            else:
                yield ("target_groups", others), group
                others += 1


def _refuse_unknown(listener: Listener, groups: set[str], certificates: set[str]) -> None:
    for index, name in enumerate(listener.groups()):
        if name not in groups:
            raise values.must(
                f"rules.{index - 1}.target_group" if index else "target_group",
                f"be one of {', '.join(sorted(groups))}",
                name,
            )
    for index, name in enumerate(listener.certificates):
        if name not in certificates:
            raise values.must(f"certificates.{index}", "be a certificate that was uploaded first", name)


def _refuse_both_modes(group: TargetGroup, listeners: Sequence[Listener]) -> None:
    if len({listener.mode for listener in listeners}) > 1:
        raise values.must(
            "listeners",
            f"use the target group {group.name} either for http or for tcp",
            why="create another group for the tcp listener",
        )


def _refuse_sticky_connections(group: TargetGroup, listeners: Sequence[Listener]) -> None:
    if group.sticky and any(listener.mode == "tcp" for listener in listeners):
        raise values.must(
            "sticky",
            f"be false for the target group {group.name}",
            why="tcp listeners have no cookies; use the algorithm `source`",
        )


def _refuse_too_many(items: Sequence[object], most: int, what: str) -> None:
    values.at_most(len(items), most, what, what.replace(" ", "_"))
