"""Instances: some fields change in place, volumes while it is stopped; otherwise another one takes its place."""

from typing import ClassVar

from domain.plan.context import Context
from domain.plan.draft import Draft, Token, use_token
from domain.plan.estate import Key, Resource
from domain.plan.kinds.kind import Kind, is_another
from domain.plan.kinds.running import starting, stopping
from domain.plan.kinds.words import Differences
from domain.plan.step import Action


class InstanceKind(Kind):
    """The rules of instances."""

    RANK: ClassVar[int] = 3
    CREATE: ClassVar[str] = "launch"
    DELETE: ClassVar[str] = "terminate"
    REMOVAL: ClassVar[Action] = Action.TRASH
    PATCHED: ClassVar[frozenset[str]] = frozenset({"type", "security_groups", "tags"})
    PARTS: ClassVar[frozenset[str]] = frozenset({"volumes"})
    REPLACED: ClassVar[bool] = True
    ADAPTS: ClassVar[bool] = True

    def references(self, resource: Resource) -> frozenset[Key]:
        """Return its VPC with its subnet and security groups, and its volumes."""
        return super().references(resource) | {Key("volume", name) for name in mounts(resource)}

    def ports(self, resource: Resource) -> frozenset[int]:
        """Return the ports of the host that it publishes."""
        published = (port.get("publish") for port in resource.spec.get("ports", ()))
        return frozenset(port for port in published if port is not None)

    def differences(self, desired: Resource, current: Resource) -> Differences:
        """Return the fields that differ; the order of volumes does not matter."""
        found = super().differences(desired, current)
        return {
            name: both
            for name, both in found.items()
            if name != "volumes" or mounts(desired) != mounts(current)
        }

    def new(self, desired: Resource, action: Action = Action.CREATE) -> Draft:
        """Return its launch, which takes its volumes."""
        made = super().new(desired, action)
        return made.having(takes=made.takes | {_place(Key("volume", name)) for name in mounts(desired)})

    def another(self, desired: Resource, context: Context, action: Action) -> list[Draft]:
        """Return its launch; the content of its image may be another one than it was."""
        made, *rest = super().another(desired, context, action)
        source = context.source(desired)
        if made.command is None or source is None or source.id not in context.facts.changed_images:
            return [made, *rest]
        changed = (
            f"the image {desired.spec['image']} has changed since: the new instance runs another content"
        )
        return [made.having(data="; ".join(each for each in (made.data, changed) if each)), *rest]

    def removal(self, current: Resource, action: Action | None = None) -> Draft:
        """Return its termination, which frees its volumes."""
        gone = super().removal(current, action)
        return gone.having(frees=gone.frees | {_place(Key("volume", name)) for name in mounts(current)})

    def run(self, desired: Resource, current: Resource, context: Context) -> list[Draft]:
        """Return its start or stop, and what moves volumes, for which it is stopped meanwhile."""
        moved = _moved(desired, current, context)
        runs = current.running
        should_run = runs if desired.running is None else desired.running
        if not moved:
            return [] if runs == should_run else [starting(current) if should_run else stopping(current)]
        reason = "volumes are attached and detached while it is stopped"
        return [
            *([] if runs is False else [stopping(current).having(reason=reason)]),
            *moved,
            *([starting(current)] if should_run else []),
        ]

    def is_restorable(self, desired: Resource, context: Context) -> bool:
        """Return whether it can come back from the trash: only with the same volumes as it had."""
        trashed = context.trashed(desired)
        if trashed is None or not super().is_restorable(desired, context):
            return False
        return all(_is_same_volume(Key("volume", name), context) for name in mounts(trashed))

    def restored(self, named: Resource, trashed: Resource) -> Draft:
        """Return its restoration, which takes its volumes."""
        made = super().restored(named, trashed)
        return made.having(takes=made.takes | {_place(Key("volume", name)) for name in mounts(named)})

    def lost(self, desired: Resource) -> str:
        """Return that its own files are not there."""
        volumes = ", besides its volumes" if mounts(desired) else ""
        return f"the files in its container are not restored: it begins from its image{volumes}"

    def kept(self, resource: Resource) -> str:
        """Return what becomes of its files."""
        volumes = "; its volumes stay as they are" if mounts(resource) else ""
        return f"the files in its container go to the trash with it{volumes}"


def mounts(resource: Resource) -> dict[str, str]:
    """Return the paths of its volumes, by their names."""
    return {mount["volume"]: mount["path"] for mount in resource.spec.get("volumes", ())}


def _is_same_volume(key: Key, context: Context) -> bool:
    """Return whether a volume is, or comes back as, the one of the desired estate."""
    desired, current = context.desired.get(key), context.current.get(key)
    if desired is None or key in context.renewed:
        return False
    if current is not None:
        return not is_another(desired, current)
    is_from_snapshot = context.rewinds_data and context.snapshot(desired) is not None
    return context.trashed(desired) is not None and not is_from_snapshot


def _moved(desired: Resource, current: Resource, context: Context) -> list[Draft]:
    """Return what detaches and attaches volumes."""
    before = mounts(current)
    after = mounts(desired) if "volumes" in desired.spec else before
    kept = {
        name
        for name, path in before.items()
        if after.get(name) == path and Key("volume", name) not in context.renewed
    }
    return [
        *(_detach(current, name, path, context) for name, path in before.items() if name not in kept),
        *(_attach(current, name, path, context) for name, path in after.items() if name not in kept),
    ]


def _detach(instance: Resource, name: str, path: str, context: Context) -> Draft:
    volume = Key("volume", name)
    found = context.current.get(volume)
    return Draft(
        Action.CHANGE,
        volume,
        "detach",
        body={"instance": instance.name},
        identity=found.identity if found else None,
        before={"instance": instance.name, "path": path},
        frees=frozenset({use_token(volume), _place(volume)}),
    )


def _attach(instance: Resource, name: str, path: str, context: Context) -> Draft:
    volume = Key("volume", name)
    return Draft(
        Action.CHANGE,
        volume,
        "attach",
        body={"instance": instance.name, "path": path},
        identity=context.identity(volume),
        after={"instance": instance.name, "path": path},
        uses=frozenset({volume}),
        takes=frozenset({_place(volume)}),
    )


def _place(volume: Key) -> Token:
    """Return what stands for the one instance that a volume may be attached to."""
    return ("attachment", volume.name)
