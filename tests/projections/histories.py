"""Random histories: resources of every kind, changed by their commands, refusals included."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, TypeVar, cast
from uuid import UUID

from domain.access_key import AccessKey, NewKey, Role
from domain.aggregate import Aggregate, Claim
from domain.errors import DomainError
from domain.instance import Instance, LaunchSpec, PortSpec, ProgramEnd
from domain.instance_type import INSTANCE_TYPES
from domain.scaling_group import GroupSpec, HealthPolicy, ScalingGroup, Size, Template
from domain.scaling_group.measure import Reading
from domain.scaling_group.member import SeenInstance
from domain.snapshot import NewSnapshot, Snapshot
from domain.snapshot.copies import CopyResult
from domain.snapshot.schedule import SnapshotPolicy
from domain.values import public_id
from domain.volume import Volume
from domain.vpc import Vpc

T = TypeVar("T")
ACCOUNTS = ("acc", "other")
START = datetime(2025, 1, 1, tzinfo=UTC)
_WORDS = ("no space", "the image is gone", "exit code 1")
_TYPES = tuple(INSTANCE_TYPES)
_VPC = UUID(int=7)
OTHER_ADMIN = Claim("admin-keys/acc", "key-other", UUID(int=8))


def by_chance(seed: int) -> Random:
    """Return a deterministic random generator."""
    return Random(seed)  # noqa: S311 - a play, not a secret


class History:
    """Makes one random change at a time. If it is refused, nothing has changed."""

    def __init__(self, chance: Random) -> None:
        self.resources: list[Aggregate] = []
        self._chance = chance
        self._made = 0

    def steps(self, count: int) -> Iterator[Aggregate]:
        """Yield the changed resource, with events to save, after each change."""
        for _ in range(count):
            try:
                changed = self._step()
            except DomainError:
                continue
            if changed.pending_events:
                yield changed

    def _step(self) -> Aggregate:
        if not self.resources or self._chance.random() < 0.12:
            return self._make()
        resource = self._pick(self.resources)
        self._pick(_CHANGES[type(resource)])(resource, self)
        return resource

    def _make(self) -> Aggregate:
        self._made += 1
        made = self._pick(_MAKES)(f"r-{self._made}", self._pick(ACCOUNTS), self)
        self.resources.append(made)
        return made

    def _pick(self, options: Sequence[T]) -> T:
        return options[self._chance.randrange(len(options))]

    def number(self, below: int) -> int:
        """Return a random number."""
        return self._chance.randrange(below)

    def word(self) -> str:
        """Return a random reason."""
        return self._pick(_WORDS)

    def instant(self) -> datetime:
        """Return a random time."""
        return START + timedelta(seconds=self.number(100))

    def tags(self) -> dict[str, str]:
        """Return random tags."""
        return {f"k{n}": f"v{self.number(3)}" for n in range(self.number(3))}

    def type(self) -> str:
        """Return a random instance type."""
        return self._pick(_TYPES)

    def end(self) -> ProgramEnd:
        """Return a random exit of a program."""
        return ProgramEnd(self.number(2), self.word(), self.instant(), self.instant())


def _instance(name: str, account: str, by: History) -> Instance:
    spec = LaunchSpec(
        account_id=account,
        name=name,
        image="miniaws/hello:local",
        type=by.type(),
        vpc_id=_VPC,
        vpc_public_id=public_id("vpc", _VPC),
        vpc_name="default",
        restart=cast("Any", ("always", "on-failure", "never")[by.number(3)]),
        command=["/hello", "--äöü"],
        environment={"A": "secret"},
        environment_id=UUID(int=9),
        ports=[PortSpec(8080), PortSpec(443, 8443)],
        tags=by.tags(),
    )
    return Instance.launch(spec, {})


def _key(name: str, account: str, by: History) -> AccessKey:
    expires = by.instant() if by.number(2) else None
    role = list(Role)[by.number(3)]
    return AccessKey.issue(NewKey(account, name, role, f"hash-of-{name}", expires), START - timedelta(1))


def _volume(name: str, account: str, by: History) -> Volume:
    return Volume.create(account, name, by.number(3) or None, by.tags())


def _snapshot(name: str, account: str, by: History) -> Snapshot:
    volumes = [{"id": f"vol-{number}", "name": "data", "size_gb": None} for number in range(1 + by.number(2))]
    new = NewSnapshot(account, name, volumes, "repository", UUID(int=by.number(2**64)), tags=by.tags())
    return Snapshot.create(new)


def _vpc(name: str, account: str, by: History) -> Vpc:
    return Vpc.create(account, name, _range(by), by.tags(), is_chosen=bool(by.number(2)))


def _range(by: History) -> str:
    return f"10.1.{by.number(200)}.0/24"


def _group(name: str, account: str, by: History) -> ScalingGroup:
    template = Template("miniaws/hello:local", public_id("vpc", _VPC), "default", type=by.type())
    return ScalingGroup.create(
        GroupSpec(account, name, template, Size(0, by.number(4), 9), tags=by.tags()), {}
    )


def _policy(by: History) -> dict[str, Any]:
    tracking = {"type": "target-tracking", "metric": "cpu", "target": 50.0, "warmup_s": 0, "periods_out": 1}
    hourly = {"type": "scheduled", "cron": "* * * * *", "desired": by.number(9)}
    return tracking if by.number(3) else hourly


def _launch(group: ScalingGroup, by: History) -> None:
    number, now = group.next_number, by.instant()
    id_ = public_id("i", UUID(int=number))
    group.note_launched(id_, f"{group.name}-{number}", number, by.word(), now)


def _observe(group: ScalingGroup, by: History) -> None:
    status = ("running", "error", "stopped", "terminated")[by.number(4)]
    seen = {id_: SeenInstance(status, by.word(), START) for id_ in group.members if by.number(2)}
    group.observe(seen, START + timedelta(seconds=by.number(400)), judges=True)
    group.follow_refresh()
    group.report_state(by.word() if by.number(2) else None)


def _release(group: ScalingGroup, by: History) -> None:
    for id_ in list(group.members)[: by.number(3)]:
        group.release(id_, by.word(), by.instant())


def _scale(group: ScalingGroup, by: History) -> None:
    reading = Reading(by.instant(), 20, 20, float(by.number(100)))
    group.scale({"p": [reading] * 15}, START + timedelta(seconds=500))


_MAKES: tuple[Callable[[str, str, History], Aggregate], ...] = (
    _instance,
    _key,
    _group,
    _snapshot,
    _volume,
    _vpc,
)

Change = Callable[[Any, History], object]
_CHANGES: dict[type[Aggregate], tuple[Change, ...]] = {
    AccessKey: (lambda key, by: key.revoke(OTHER_ADMIN if by.number(2) else None),),
    ScalingGroup: (
        _launch,
        _launch,
        _observe,
        _observe,
        _release,
        _scale,
        lambda group, by: group.resize(Size(0, by.number(4), 9)),
        lambda group, by: group.change_health_policy(HealthPolicy(grace_s=by.number(9))),
        lambda group, by: group.put_policy("p", _policy(by), START),
        lambda group, _: group.remove_policy("p"),
        lambda group, by: group.apply_schedules(START + timedelta(minutes=by.number(9))),
        lambda group, by: group.suspend(["launch"] if by.number(2) else []),
        lambda group, by: group.resume(["launch"] if by.number(2) else []),
        lambda group, by: group.protect(f"{group.name}-1", is_protected=bool(by.number(2))),
        lambda group, by: group.change_template({"image": f"miniaws/hello:{by.number(5)}"}, {}),
        lambda group, by: group.refresh(rolls_back=bool(by.number(2)), now=by.instant()),
        lambda group, by: group.cancel_refresh() if by.number(4) == 0 else None,
        lambda group, by: group.change_tags(by.tags()),
        lambda group, by: by.number(9) or group.delete(),
        lambda group, _: group.is_deleting and not group.members and group.report_deleted(),
    ),
    Vpc: (
        lambda vpc, _: vpc.report_available(),
        lambda vpc, by: vpc.report_failed(by.word()),
        lambda vpc, by: vpc.is_chosen and vpc.replace_range(_range(by), by.word()),
        lambda vpc, by: vpc.change_tags(by.tags()),
        lambda vpc, by: by.number(3) or vpc.delete(),
        lambda vpc, _: vpc.is_deleting and vpc.report_deleted(),
    ),
    Volume: (
        lambda volume, _: volume.report_available(),
        lambda volume, by: volume.report_failed(by.word()),
        lambda volume, by: volume.attach(f"i-{by.number(3)}", "web", "/data"),
        lambda volume, _: volume.detach(volume.attached_to or "i-0"),
        lambda volume, by: volume.change_tags(by.tags()),
        lambda volume, by: (
            volume.change_snapshot_policy(SnapshotPolicy(), by.instant()) if by.number(2) else None
        ),
        lambda volume, by: volume.report_snapshot_missed(by.instant(), 1, by.word()),
        lambda volume, by: volume.note_snapshot(f"snap-{by.number(3)}", "data", by.instant()),
        lambda volume, by: volume.drop_snapshot(f"snap-{by.number(3)}", by.word()),
        lambda volume, by: by.number(3) or volume.delete(),
        lambda volume, _: volume.is_deleting and volume.report_deleted(),
    ),
    Snapshot: (
        lambda snapshot, by: snapshot.report_taken(
            CopyResult("copy", by.number(9), by.number(2**40), by.number(2**40)),
            taken_at=by.instant(),
            log_position=by.number(100),
            paused=["i-1"],
            pause_ms=by.number(1000),
        ),
        lambda snapshot, by: snapshot.was_taken and snapshot.report_verified(by.instant()),
        lambda snapshot, by: snapshot.was_taken and snapshot.report_damaged(by.word()),
        lambda snapshot, _: snapshot.request_verification(),
        lambda snapshot, _: snapshot.report_available(),
        lambda snapshot, by: snapshot.report_failed(by.word()),
        lambda snapshot, by: snapshot.change_tags(by.tags()),
        lambda snapshot, by: by.number(3) or snapshot.delete(),
        lambda snapshot, _: snapshot.is_deleting and snapshot.report_deleted(),
    ),
    Instance: (
        lambda instance, _: instance.start(),
        lambda instance, _: instance.stop(),
        lambda instance, _: instance.reboot(),
        lambda instance, by: by.number(5) or instance.terminate(),
        lambda instance, by: instance.change_type(by.type()),
        lambda instance, by: instance.change_tags(by.tags()),
        lambda instance, by: instance.attach_volume(f"vol-{by.number(3)}", "data", f"/data{by.number(9)}"),
        lambda instance, by: instance.detach_volume(f"vol-{by.number(3)}"),
        lambda instance, _: instance.note_execution("sh"),
        lambda instance, by: instance.report_started("10.1.0.2", by.instant()),
        lambda instance, by: instance.report_stopped(by.number(2), by.instant()),
        lambda instance, by: instance.report_crashed(by.end()),
        lambda instance, _: instance.report_resized(),
        lambda instance, by: instance.report_failed(by.word()),
        lambda instance, _: instance.wanted == "terminated" and instance.report_terminated(),
    ),
}
