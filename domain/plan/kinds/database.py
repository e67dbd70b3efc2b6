"""Databases: class, parameters and the backup policy change in place."""

from collections.abc import Mapping
from typing import Any, ClassVar

from domain.plan.context import Context
from domain.plan.draft import Draft, Token, use_token
from domain.plan.estate import Identity, Key, Resource
from domain.plan.kinds.kind import is_another
from domain.plan.kinds.running import starting
from domain.plan.kinds.server import ServerKind
from domain.plan.kinds.words import Differences, using
from domain.plan.step import Action

_PLACE = ("subnet", "security_groups")
_UNSET: Mapping[str, Any] = {"retention_count": 0, "drill_schedule": ""}
"""What removes a limit of backups in the body of the command, in which None leaves it as it is."""


class DatabaseKind(ServerKind):
    """The rules of databases."""

    PATCHED: ClassVar[frozenset[str]] = frozenset(
        {"class", "parameters", "security_groups", "deletion_protection", "tags"}
    )
    PARTS: ClassVar[frozenset[str]] = frozenset({"backup", "replica_of"})
    CHOSEN: ClassVar[frozenset[str]] = frozenset({"version"})

    def references(self, resource: Resource) -> frozenset[Key]:
        """Return its VPC and, of a replica, its source."""
        source = resource.spec.get("replica_of")
        found = super().references(resource)
        return found if source is None else found | {Key("database", source)}

    def fixed(self, found: Differences) -> Differences:
        """Return what cannot be changed, also inside the backup policy. A replica becomes a database, never back."""
        fixed = super().fixed(found)
        if "replica_of" in found and found["replica_of"][1] is not None:
            fixed["replica_of"] = found["replica_of"]
        if "backup" in found:
            before, after = found["backup"]
            if (before or {}).get("synchronous", False) != after.get("synchronous", False):
                both = ((before or {}).get("synchronous", False), after.get("synchronous", False))
                fixed["backup.synchronous"] = both
        return fixed

    def parts(
        self, desired: Resource, current: Resource, found: Differences, context: Context
    ) -> list[Draft]:
        """Return its promotion and the change of its backup policy."""
        del desired, context
        drafts: list[Draft] = []
        if "replica_of" in found and found["replica_of"][1] is None:
            promotion = self.changing(current, {"replica_of": found["replica_of"]}, command="promote")
            source = frozenset({use_token(Key("database", found["replica_of"][0]))})
            drafts.append(promotion.having(body={}, frees=source))
        if "backup" in found:
            drafts += _backups(current, found["backup"][0] or {}, found["backup"][1])
        return drafts

    def run(self, desired: Resource, current: Resource, context: Context) -> list[Draft]:
        """Return its start or stop; data that is rewound goes back while it runs."""
        if not context.rewinds_data or _is_replica(current):
            return super().run(desired, current, context)
        restored = _rewound(current, context)
        if restored.command is None:
            return [restored, *super().run(desired, current, context)]
        started = [] if current.running else [starting(current)]
        # By then, the restored one has the name.
        return [*started, restored, *self.stop_new(desired, context)]

    def returns(self, desired: Resource, current: Resource, context: Context) -> bool:
        """Return whether an earlier database of its name comes back, or a replica is copied again from its source."""
        if super().returns(desired, current, context):
            return True
        if not context.rewinds_data:
            return False
        if _is_replica(desired) and _is_replica(current):
            return _is_rewound(Key("database", desired.spec["replica_of"]), context)
        can_come_back = self.is_restorable(desired, context) or _can_reach(desired.identity, context)
        return is_another(desired, current) and can_come_back

    def another(self, desired: Resource, context: Context, action: Action) -> list[Draft]:
        """Return its creation, from the archive of the one that it was."""
        source = context.source(desired)
        if _is_replica(desired):
            made, *rest = super().another(desired, context, action)
            return [made.having(takes=made.takes | {_rewind_token(desired.spec["replica_of"])}), *rest]
        if source is None:
            return super().another(desired, context, action)
        made = self.new(desired, Action.RESTORE).having(
            command="restore_from_archive",
            body={
                "name": desired.name,
                "to": context.options.to,
                "vpc": desired.spec.get("vpc"),
                **{name: desired.spec[name] for name in _PLACE if name in desired.spec},
                "publish": desired.spec.get("publish"),
            },
            identity=source,
            secrets_from=None,
            data=f"it is restored from its archive to {context.options.to}; it gets another password",
        )
        if not _can_reach(source, context):
            return [made.refused(_why_unreachable(source, context))]
        return [made, *self._settings(desired), *self.stop_new(desired, context)]

    def _settings(self, desired: Resource) -> list[Draft]:
        """Return what gives a restored database the settings of that moment: it begins with the newest ones."""
        new = Resource("database", desired.name, desired.spec, desired.tags)
        names = sorted((self.PATCHED - {"tags"}) & desired.spec.keys())
        settings = {**{name: desired.spec[name] for name in names}, "tags": dict(desired.tags)}
        change = self.changing(new, {name: (None, value) for name, value in settings.items()})
        return [change, *_backups(new, {}, desired.spec.get("backup") or {})]

    def removal(self, current: Resource, action: Action | None = None) -> Draft:
        """Return its deletion, after a last backup if one can be made."""
        gone = super().removal(current, action)
        is_usable = current.identity is not None and current.identity.status == "available"
        return gone.having(body={"final_backup": is_usable and not current.spec.get("replica_of")})


def _backups(current: Resource, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Draft]:
    """Return the change of the policy of its archive."""
    changed = {
        name: value for name, value in after.items() if name != "synchronous" and before.get(name) != value
    }
    if not changed:
        return []
    body = {name: _UNSET.get(name) if value is None else value for name, value in changed.items()}
    return [
        Draft(
            Action.CHANGE,
            current.key,
            "change_backups",
            body=body,
            identity=current.identity,
            before={"backup": {name: before.get(name) for name in changed}},
            after={"backup": changed},
        )
    ]


def _rewound(current: Resource, context: Context) -> Draft:
    """Return its restoration in place, or why its rows stay as they are."""
    restored = Draft(
        Action.SWAP,
        current.key,
        "restore_in_place",
        body={"to": context.options.to, "in_place": True},
        identity=current.identity,
        before={"to": None},
        after={"to": context.options.to},
        data=f"it becomes what it was at {context.options.to}; what was written after is kept in the trash",
        frees=frozenset({_rewind_token(current.name)}),
        takes=frozenset({use_token(current.key)}),
    )
    if followers := _followers(current.key, context):
        return restored.refused(
            f"its rows stay as they are: {using(followers)}; promote or delete that first, or rewind it, too"
        )
    if _can_reach(current.identity, context):
        return restored
    return restored.refused(f"its rows stay as they are: {_why_unreachable(current.identity, context)}")


def _followers(source: Key, context: Context) -> list[Key]:
    """Return the replicas that would still follow a database of which another one takes the place."""
    return [
        key
        for key in context.users.get(source, ())
        if key not in context.renewed and not (context.options.covers(key) and _leaves(key, context))
    ]


def _leaves(replica: Key, context: Context) -> bool:
    """Return whether a replica is removed or promoted."""
    wanted = context.desired.get(replica)
    return context.options.removes(replica) if wanted is None else not _is_replica(wanted)


def _rewind_token(name: str) -> Token:
    """Return what stands for the data of a source, which its replicas copy."""
    return ("data", name)


def _is_replica(database: Resource) -> bool:
    return database.spec.get("replica_of") is not None


def _is_rewound(key: Key, context: Context) -> bool:
    current = context.current.get(key)
    is_there = current is not None and key in context.desired and context.options.covers(key)
    return is_there and current is not None and _can_reach(current.identity, context)


def _can_reach(database: Identity | None, context: Context) -> bool:
    return database is not None and database.id in context.facts.restorable


def _why_unreachable(database: Identity | None, context: Context) -> str:
    default = "its archive does not reach that moment"
    return default if database is None else context.facts.not_restorable.get(database.id, default)
