"""The rules that all kinds share: which fields differ, and which commands make them equal."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, ClassVar

from domain.plan.context import Context
from domain.plan.draft import Draft, cannot, name_token, port_token, use_token, uses_of, whole
from domain.plan.estate import Key, Resource, key_of
from domain.plan.kinds.running import starting, stopping
from domain.plan.kinds.words import Differences, afters, befores, listed, noun, using
from domain.plan.options import Mode
from domain.plan.secrets import holds_secrets
from domain.plan.step import Action


class Kind:
    """The rules of one kind. What a kind does not override is the same for all."""

    RANK: ClassVar[int]
    """Kinds of a lower rank come first in a plan, where nothing else decides."""
    CREATE: ClassVar[str] = "create"
    """The command that creates one; its body is the desired spec, with name and tags."""
    DELETE: ClassVar[str] = "delete"
    REMOVAL: ClassVar[Action] = Action.DELETE
    """``TRASH`` for kinds that can be restored from the trash."""
    CHOSEN: ClassVar[frozenset[str]] = frozenset()
    """Fields that miniaws chooses when they are left out: None agrees with every value."""
    PATCHED: ClassVar[frozenset[str]] = frozenset({"tags"})
    """Fields that ``change`` replaces; its body holds those that change."""
    PARTS: ClassVar[frozenset[str]] = frozenset()
    """Fields with commands of their own."""
    REPLACED: ClassVar[bool] = False
    """Whether another one takes its place when any other field differs."""
    ADAPTS: ClassVar[bool] = False
    """Whether it can keep running with another resource under a name that it refers to."""

    def references(self, resource: Resource) -> frozenset[Key]:
        """Return what a resource needs to exist."""
        return place(resource.spec)

    def holds(self, resource: Resource) -> frozenset[Key]:
        """Return what cannot be removed while a resource exists."""
        return self.references(resource)

    def ports(self, resource: Resource) -> frozenset[int]:
        """Return the ports of the host that a resource holds."""
        published = resource.spec.get("publish")
        return frozenset() if published is None else frozenset({published})

    def renews(self, desired: Resource, current: Resource, context: Context) -> bool:
        """Return whether another resource takes the place of the current one."""
        fixed = self.fixed(self.differences(desired, current))
        comes_back = is_another(desired, current) and self.is_restorable(desired, context)
        if fixed and (self.REPLACED or comes_back):
            return True
        return self.returns(desired, current, context)

    def returns(self, desired: Resource, current: Resource, context: Context) -> bool:
        """Return whether the resource or the data of before takes the place of the current one, however equal."""
        is_undone = context.options.mode is Mode.UNDO and is_another(desired, current)
        return is_undone and self.is_restorable(desired, context)

    def is_restorable(self, desired: Resource, context: Context) -> bool:
        """Return whether the desired resource itself can be restored from the trash."""
        trashed = context.trashed(desired)
        return trashed is not None and not self.fixed(self.differences(desired, trashed))

    def create(self, desired: Resource, context: Context, action: Action = Action.CREATE) -> list[Draft]:
        """Return what makes a resource that is not there: from the trash if it is in it, else as another one."""
        trashed = context.trashed(desired)
        is_restored = self.is_restorable(desired, context) and not self.prefers_snapshot(desired, context)
        if trashed is not None and is_restored:
            named = self.named(trashed, desired)
            return [self.restored(named, trashed), *self.change(desired, named, context)]
        return self.another(desired, context, action)

    def prefers_snapshot(self, desired: Resource, context: Context) -> bool:
        """Return whether a snapshot is nearer to the desired data than what is in the trash."""
        del desired, context
        return False

    def another(self, desired: Resource, context: Context, action: Action) -> list[Draft]:
        """Return the creation of a resource that is equal to the desired one."""
        made, source = self.new(desired, action), context.source(desired)
        if source is not None:
            made = made.having(data=self.lost(desired))
            if holds_secrets(desired.spec):
                made = made.having(secrets_from=source)
                if source.id in context.facts.erased:
                    made = made.refused("its secrets have been erased: create it with new ones")
        image = desired.spec.get("template", desired.spec).get("image")
        if image in context.facts.absent_images:
            made = made.refused(f"its image {image} is neither here nor offered by a registry: load it first")
        return [made, *self.stop_new(desired, context)]

    def lost(self, desired: Resource) -> str:
        """Return what a resource that is created again lacks, as a sentence."""
        del desired
        return ""

    def change(self, desired: Resource, current: Resource, context: Context) -> list[Draft]:
        """Return what makes a resource equal to the desired one."""
        found = self.differences(desired, current)
        fixed = self.fixed(found)
        if self.renews(desired, current, context) or (fixed and self.REPLACED):
            return self.replacement(desired, current, fixed, context)
        refused = [self.refuse_fixed(current, fixed)] if fixed else []
        patched = {name: both for name, both in found.items() if name in self.PATCHED}
        stuck = {name: both for name, both in patched.items() if both[1] is None}
        if stuck:
            refused.append(self.refuse_unset(current, stuck))
        changed = {name: both for name, both in patched.items() if name not in stuck}
        parts = {name: both for name, both in found.items() if name in self.PARTS}
        return [
            *refused,
            *self.remarks(current, context),
            *self.in_place(current, changed, desired, context),
            *self.parts(desired, current, parts, context),
            *self.run(desired, current, context),
        ]

    def remove(self, current: Resource, context: Context) -> list[Draft]:
        """Return what removes a resource."""
        removal = self.removal(current)
        if current.spec.get("deletion_protection"):
            return [
                removal.refused("it is protected from deletion: set `deletion_protection` to false first")
            ]
        if users := context.remaining.get(current.key):
            return [removal.refused(f"{using(users)}, and would still do so: remove that first")]
        return [removal]

    def parts(
        self, desired: Resource, current: Resource, found: Differences, context: Context
    ) -> list[Draft]:
        """Return the commands for fields that ``change`` does not take."""
        del desired, current, found, context
        return []

    def remarks(self, current: Resource, context: Context) -> list[Draft]:
        """Return what a rewind of data leaves as it is, and why."""
        del current, context
        return []

    def kept(self, resource: Resource) -> str:
        """Return what becomes of the data of one that is removed, as a sentence."""
        del resource
        return ""

    def differences(self, desired: Resource, current: Resource) -> Differences:
        """Return the fields that differ. What the desired resource does not mention is not compared."""
        found: Differences = {}
        if desired.spec != current.spec:
            for name, after in desired.spec.items():
                before = current.spec.get(name)
                if is_other(name, before, after) and not (after is None and name in self.CHOSEN):
                    found[name] = (before, after)
        if desired.tags != current.tags:
            found["tags"] = (dict(current.tags), dict(desired.tags))
        return found

    def fixed(self, found: Differences) -> Differences:
        """Return the differences that no command can make disappear."""
        return {
            name: both for name, both in found.items() if name not in self.PATCHED and name not in self.PARTS
        }

    def in_place(
        self, current: Resource, changed: Differences, desired: Resource, context: Context
    ) -> list[Draft]:
        """Return the change of fields that can be changed in place."""
        del desired, context
        return [self.changing(current, changed)] if changed else []

    def changing(self, current: Resource, changed: Differences, *, command: str = "change") -> Draft:
        """Return the change of some fields, with the security groups that it then uses or no longer uses."""
        left, entered = (_groups(each, current) for each in changed.get("security_groups", ((), ())))
        return Draft(
            Action.CHANGE,
            current.key,
            command,
            body={name: after for name, (_, after) in changed.items()},
            identity=current.identity,
            before=befores(changed),
            after=afters(changed),
            uses=entered - left,
            frees=uses_of(left - entered),
        )

    def new(self, desired: Resource, action: Action = Action.CREATE) -> Draft:
        """Return the creation of a resource as it is desired."""
        return Draft(
            action,
            desired.key,
            self.CREATE,
            body={"name": desired.name, **whole(desired)},
            after=whole(desired),
            makes=desired.key,
            uses=self.references(desired),
            takes=frozenset({name_token(desired.key), *map(port_token, self.ports(desired))}),
        )

    def removal(self, current: Resource, action: Action | None = None) -> Draft:
        """Return the removal of a resource."""
        return Draft(
            action or self.REMOVAL,
            current.key,
            self.DELETE,
            identity=current.identity,
            before=whole(current),
            data=self.kept(current),
            frees=frozenset(
                {
                    name_token(current.key),
                    *map(port_token, self.ports(current)),
                    *uses_of(self.holds(current)),
                }
            ),
            takes=frozenset({use_token(current.key)}),
        )

    def replacement(
        self, desired: Resource, current: Resource, fixed: Differences, context: Context
    ) -> list[Draft]:
        """Return the removal of a resource and the creation of another one under its name."""
        reason = f"{listed(fixed)} cannot be changed in place" if fixed else "an earlier one takes its place"
        removed = self.removal(current, Action.REPLACE).having(reason=reason)
        if fixed:
            removed = removed.having(before=befores(fixed), after=afters(fixed))
        if current.spec.get("deletion_protection"):
            return [
                removed.refused("it is protected from deletion: set `deletion_protection` to false first")
            ]
        drafts = self.create(desired, context, Action.REPLACE)
        first = next(index for index, draft in enumerate(drafts) if draft.key == desired.key)
        made, rest = drafts[first], drafts[first + 1 :]
        if made.action is Action.REPLACE:
            made = made.having(before=befores(fixed), after=afters(fixed) or made.after, reason=reason)
            if made.secrets_from is None and holds_secrets(desired.spec):
                made = made.having(secrets_from=current.identity)
        return [*drafts[:first], removed, made, *rest]

    def named(self, trashed: Resource, desired: Resource) -> Resource:
        """Return a resource that is in the trash as it is when it has been restored."""
        return replace(trashed, name=desired.name)

    def restored(self, named: Resource, trashed: Resource) -> Draft:
        """Return the restoration of a resource from the trash, where it may have another name."""
        return Draft(
            Action.RESTORE,
            named.key,
            "restore_from_trash",
            body={} if named.name == trashed.name else {"name": named.name},
            identity=named.identity,
            after=whole(named),
            data="it comes back from the trash with all that it had",
            makes=named.key,
            uses=self.references(named),
            takes=frozenset({name_token(named.key), *map(port_token, self.ports(named))}),
        )

    def stop_new(self, desired: Resource, context: Context) -> list[Draft]:
        """Return the stop of a new resource that should not run."""
        del context
        if desired.running is not False:
            return []
        return [stopping(replace(desired, identity=None))]

    def run(self, desired: Resource, current: Resource, context: Context) -> list[Draft]:
        """Return the start or the stop of a resource, if it should run and does not, or the reverse."""
        del context
        # None: it does not matter, or its program has ended by itself, as a job does.
        if None in {desired.running, current.running} or desired.running == current.running:
            return []
        return [starting(current) if desired.running else stopping(current)]

    def refuse_fixed(self, current: Resource, fixed: Differences) -> Draft:
        """Return the differences that remain, because a change would lose data."""
        return cannot(
            current.key,
            f"{listed(fixed)} of a {noun(current.kind)} cannot be changed, and it is not replaced, because its data "
            "would be lost: create another one under another name",
            befores(fixed),
            afters(fixed),
        )

    def refuse_unset(self, current: Resource, stuck: Differences) -> Draft:
        """Return the differences that remain, because a field cannot be unset."""
        return cannot(
            current.key,
            f"{listed(stuck)} can be set to another value, but not removed",
            befores(stuck),
            afters(stuck),
        )


def place(spec: Mapping[str, Any]) -> frozenset[Key]:
    """Return the VPC, the subnet and the security groups of a spec, or of the template of instances."""
    vpc = spec.get("vpc")
    if vpc is None:
        return frozenset()
    subnet = spec.get("subnet")
    subnets = frozenset() if subnet is None else frozenset({key_of("subnet", subnet, vpc)})
    return frozenset({Key("vpc", vpc)}) | subnets | _keys(spec.get("security_groups"), vpc)


def is_other(name: str, before: Any, after: Any) -> bool:
    """Return whether a field differs; the order of security groups makes no difference."""
    if name == "security_groups" and before is not None and after is not None:
        return sorted(before) != sorted(after)
    return bool(before != after)


def is_another(desired: Resource, current: Resource) -> bool:
    """Return whether two resources of one name are not the same one."""
    if desired.identity is None or current.identity is None:
        return False
    return desired.identity.id != current.identity.id


def _groups(names: Iterable[str] | None, member: Resource) -> frozenset[Key]:
    return _keys(names, member.spec.get("vpc"))


def _keys(names: Iterable[str] | None, vpc: str | None) -> frozenset[Key]:
    return frozenset(key_of("security_group", each, vpc) for each in names or ())
