"""Computes plans: the desired estate from the options, the current one from the read model, and their difference."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

import orjson
from pydantic import Field, TypeAdapter

from domain.errors import Unavailable, within
from domain.plan import Estate, Key, Resource, Step, estate
from domain.plan.difference import plan as difference
from domain.plan.estate import key_of
from domain.plan.options import Mode, Options
from domain.values import must
from miniaws.application import Cloud
from miniaws.commands.plan import estates, facts, manifest, past, secrets
from miniaws.commands.plan.bodies import AnyPlan, ApplyPlan, ForkPlan, RemovePlan, RewindPlan, UndoPlan

_VISIBLE_S = 5.0

PastPlan = RewindPlan | UndoPlan | ForkPlan | RemovePlan
_PAST: TypeAdapter[PastPlan] = TypeAdapter(Annotated[PastPlan, Field(discriminator="type")])


@dataclass(frozen=True, slots=True)
class Computed:
    """The steps of a plan, and what they were computed from."""

    options: Mapping[str, Any]
    """What was asked for, without secrets."""
    steps: Sequence[Step]
    base_position: int
    secrets: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False)
    """The new secrets of the manifest, by resource."""


async def compute(cloud: Cloud, account: str, asked: AnyPlan) -> Computed:
    """Compute a plan as somebody asks for it. Raises Invalid, NotFound, Unavailable."""
    position = await current_position(cloud)
    current = await estates.at_position(cloud, account, position)
    if not isinstance(asked, ApplyPlan):
        return await _of_the_past(cloud, account, asked, current, position)
    desired, new = await _manifest(cloud, asked, current)
    options = asked.model_dump(mode="json", exclude={"manifest"})
    options["manifest"] = [
        {
            "kind": each.kind,
            "name": each.name,
            "tags": dict(each.tags),
            "running": each.running,
            "spec": each.spec,
        }
        for each in desired.values()
    ]
    steps = _steps(options, desired, current)
    return Computed(options, steps, position, new)


async def compute_again(cloud: Cloud, account: str, options: Mapping[str, Any]) -> Computed:
    """Compute a plan with the options that it has."""
    position = await current_position(cloud)
    current = await estates.at_position(cloud, account, position)
    if options["type"] != "apply":
        asked = _PAST.validate_python(options)
        return await _of_the_past(cloud, account, asked, current, position)
    desired = estate(Resource(**each) for each in options["manifest"])
    return Computed(options, _steps(options, desired, current), position)


async def _of_the_past(
    cloud: Cloud, account: str, asked: PastPlan, current: Estate, position: int
) -> Computed:
    """Compute a plan whose desired estate is of the past."""
    match asked:
        case RewindPlan():
            wanted = await past.of_rewind(cloud, account, asked, current)
        case UndoPlan():
            wanted = await past.of_undo(cloud, account, asked, current, position)
        case ForkPlan():
            # Computed again, it is of the same moment.
            asked = asked.model_copy(update={"to": asked.to or str(position)})
            wanted = await past.of_fork(cloud, account, asked)
        case RemovePlan():
            wanted = past.of_removal(asked, current)
    desired, options = wanted.desired, wanted.options
    current = await secrets.marked(cloud, desired, current)
    known = await facts.gather(cloud, account, desired, current, options, wanted.moment, position)
    return Computed(asked.model_dump(mode="json"), difference(desired, current, known, options), position)


async def current_position(cloud: Cloud) -> int:
    """Return the position of the newest event, once reads show it. Raises Unavailable."""
    head = await cloud.ports.store.head()
    if not await cloud.ports.visibility.wait_for(head, _VISIBLE_S):
        raise Unavailable(
            "cannot compute a plan yet: the controller is behind or not running; retry, or run `cloud status`"
        )
    return max(head, await cloud.ports.inventory.position())


async def _manifest(cloud: Cloud, asked: ApplyPlan, current: Estate) -> tuple[Estate, dict[str, Any]]:
    """Return the estate of a manifest with markers for its secrets, and the new secrets."""
    found: dict[Key, Resource] = {}
    new: dict[str, Any] = {}
    for index, each in enumerate(asked.manifest):
        known = current.get(key_of(each.kind, each.name, each.spec.get("vpc")))
        tags = estates.tags_with_set(each.tags, {} if known is None else known.tags, asked.set)
        resource = Resource(each.kind, each.name, each.spec, tags, each.should_run)
        where = f"manifest.{index}"
        if resource.key in found:
            raise must(
                f"{where}.name",
                "be unique for its kind",
                why=f"{each.kind} {each.name} is described twice; remove one of them",
            )
        kept = await secrets.of_resource(cloud, known.identity) if known and known.identity else {}
        found[resource.key], own = secrets.extract(resource, kept, f"{where}.spec")
        if own:
            new[secrets.label(each.kind, each.name)] = own
    for index, each in enumerate(asked.manifest):
        with within(f"manifest.{index}.spec"):
            manifest.refuse_unknown_references(each, found.keys() | current.keys())
    return found, new


def _steps(options: Mapping[str, Any], desired: Estate, current: Estate) -> Sequence[Step]:
    return difference(
        desired, current, facts.none(), Options(mode=Mode.APPLY, prune=_pruned(options, desired, current))
    )


def _pruned(options: Mapping[str, Any], desired: Estate, current: Estate) -> frozenset[Key]:
    """Return what an earlier plan of the same set created, and the manifest no longer describes."""
    if not options["prune"]:
        return frozenset()
    return frozenset(
        key
        for key, each in current.items()
        if key not in desired and each.tags.get(estates.SET_TAG) == options["set"]
    )


def encoded(secrets_of: Mapping[str, Any]) -> bytes:
    """Return secrets as they are sealed."""
    return orjson.dumps(secrets_of)
