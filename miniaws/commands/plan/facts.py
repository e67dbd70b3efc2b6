"""What a plan depends on besides the two estates: the trash, archives, snapshots, images, secrets."""

from datetime import datetime
from typing import Any

import orjson

from domain.archive import Archive, archive_uuid
from domain.errors import DomainError, PortError
from domain.plan import Estate, Key, Resource
from domain.plan.facts import Facts, SnapshotFact
from domain.plan.options import Data, Mode, Options
from domain.scaling_group.template import OWNED_TAG
from domain.values import parse_id
from domain.vpc import use_scope
from miniaws.application import Cloud
from miniaws.commands import archive as archives
from miniaws.commands.plan.past import Moment, with_parts
from projections import estate as estates
from projections.document import Document, has_ended
from projections.inventory import Query

_PAGE = 1000
_NO_TRASH = "the trash is switched off, and what it has now would be lost: set MINIAWS_TRASH_HOURS"


def none() -> Facts:
    """Return that nothing is known of the outside, which is enough to apply a manifest."""
    return Facts()


async def gather(
    cloud: Cloud,
    account: str,
    desired: Estate,
    current: Estate,
    options: Options,
    moment: Moment | None,
    at: int,
) -> Facts:
    """Return what a plan that goes back needs to know; ``at`` is the position of the current estate."""
    sources = [each for key in desired if options.covers(key) and (each := _source(key, desired, options))]
    missing = [each for each in sources if not _is_there(each, current)]
    trash, erased = await _gone(cloud, account, missing, at)
    needed = sources if options.data is Data.REWIND or options.mode is Mode.FORK else missing
    restorable, not_restorable = await _archives(cloud, needed, moment)
    if options.mode is Mode.REWIND and not cloud.settings.trash_hours:
        there = dict.fromkeys((_id(each) for each in sources if _is_there(each, current)), _NO_TRASH)
        restorable, not_restorable = restorable - there.keys(), {**there, **not_restorable}
    return Facts(
        trash=trash if options.mode is not Mode.FORK else {},
        restorable=restorable,
        not_restorable=not_restorable,
        snapshots={} if moment is None else await _snapshots(cloud, account, needed, moment, at),
        absent_images=await _absent_images(cloud, desired, current),
        changed_images=await _changed_images(
            cloud,
            account,
            sources if options.mode is Mode.FORK else _launched(sources, current),
            at if moment is None else moment.position,
        ),
        erased=erased,
        occupied=await _occupied(cloud, account, desired, current, at),
    )


def _source(key: Key, desired: Estate, options: Options) -> Resource | None:
    """Return the resource of the past that a desired one is or copies."""
    found = options.originals.get(key, desired[key])
    return found if found.identity is not None else None


def _is_there(source: Resource, current: Estate) -> bool:
    found = current.get(source.key)
    return found is not None and found.identity is not None and found.identity.id == _id(source)


def _id(resource: Resource) -> str:
    return "" if resource.identity is None else resource.identity.id


async def _gone(
    cloud: Cloud, account: str, missing: list[Resource], at: int
) -> tuple[dict[str, Resource], frozenset[str]]:
    """Return what of the past is in the trash, and what has ended, with its secrets."""
    trash: dict[str, Resource] = {}
    erased: set[str] = set()
    for each in missing:
        parsed = parse_id(_id(each))
        documents = [] if parsed is None else await with_parts(cloud, account, parsed[1], at)
        if not documents or has_ended(documents[0]):
            erased.add(_id(each))
        elif documents[0]["status"] == "trashed":
            trash[_id(each)] = _trashed(documents)
    return trash, frozenset(erased)


def _trashed(documents: list[Document]) -> Resource:
    """Return a resource as it is in the trash; whether it ran before is not known."""
    found = estates.resource(documents[0], estates.Documents(documents))
    return Resource(found.kind, found.name, found.spec, found.tags, None, found.identity)


async def _archives(
    cloud: Cloud, sources: list[Resource], moment: Moment | None
) -> tuple[frozenset[str], dict[str, str]]:
    """Return which databases can be restored to the moment, and why others cannot."""
    restorable: set[str] = set()
    refused: dict[str, str] = {}
    for each in sources:
        if moment is None or each.kind != "database" or each.spec.get("replica_of"):
            continue
        try:
            archive = await cloud.load_by_id(Archive, archive_uuid(_id(each)))
            await archives.planned(cloud, archive, moment.at, None)
            restorable.add(_id(each))
        except DomainError as error:
            refused[_id(each)] = str(error)
    return frozenset(restorable), refused


async def _snapshots(
    cloud: Cloud, account: str, sources: list[Resource], moment: Moment, at: int
) -> dict[str, SnapshotFact]:
    """Return the newest snapshot at or before the moment of each volume, and of the volume of each cache."""
    volumes = await _volumes(cloud, account, sources, moment)
    if not volumes:
        return {}
    found: dict[str, tuple[tuple[datetime, bool], SnapshotFact]] = {}
    for document in await _documents(cloud, account, "snapshot", at):
        taken_at = document["observed"].get("taken_at")
        taken = None if taken_at is None else datetime.fromisoformat(taken_at)
        if document["status"] != "available" or taken is None or taken > moment.at:
            continue
        # Of the same snapshot, the one that is here comes before its copies elsewhere.
        order = (taken, document["spec"]["target"] is None)
        for volume in document["spec"]["volumes"]:
            known = found.get(volume["id"])
            if known is None or known[0] < order:
                found[volume["id"]] = (order, _fact(document, volume["id"], taken, moment))
    return {source: found[volume][1] for source, volume in volumes.items() if volume in found}


def _fact(document: Document, volume_id: str, taken: datetime, moment: Moment) -> SnapshotFact:
    before_s = (moment.at - taken).total_seconds()
    return SnapshotFact(document["id"], document["name"], volume_id, taken.isoformat(), before_s)


async def _volumes(cloud: Cloud, account: str, sources: list[Resource], moment: Moment) -> dict[str, str]:
    """Return the id of the volume of each volume and cache."""
    found = {_id(each): _id(each) for each in sources if each.kind == "volume"}
    for each in sources:
        parsed = parse_id(_id(each)) if each.kind == "cache" else None
        if parsed is not None and (documents := await with_parts(cloud, account, parsed[1], moment.position)):
            volume = documents[0]["spec"]["volume"]
            found |= {} if volume is None else {_id(each): volume}
    return found


async def _documents(cloud: Cloud, account: str, kind: str, at: int) -> list[Document]:
    found: list[Document] = []
    after = None
    while True:
        page = await cloud.ports.inventory.page(
            Query(at=at, account=account, kind=kind, after=after, limit=_PAGE)
        )
        found += [orjson.loads(each) for each in page.documents]
        if (after := page.next) is None:
            return found


async def _absent_images(cloud: Cloud, desired: Estate, current: Estate) -> frozenset[str]:
    """Return images of the desired estate that cannot be run; those in use now can."""
    in_use = {_image(each) for each in current.values()}
    wanted = {_image(each) for each in desired.values()} - in_use - {None}
    absent: set[str] = set()
    for image in sorted(each for each in wanted if each is not None):
        try:
            if not await cloud.ports.images.is_available(image):
                absent.add(image)
        except PortError:
            # Nobody can tell: the step says so if it is still the case.
            continue
    return frozenset(absent)


def _launched(sources: list[Resource], current: Estate) -> list[Resource]:
    """Return what may be launched again: what is not there as it was."""
    return [each for each in sources if not _is_there(each, current) or current[each.key].spec != each.spec]


async def _changed_images(
    cloud: Cloud, account: str, sources: list[Resource], position: int
) -> frozenset[str]:
    """Return the instances whose images had another content at that position."""
    found: set[str] = set()
    now: dict[str, str | None] = {}
    for each in sources:
        parsed = parse_id(_id(each)) if each.kind == "instance" else None
        document = None if parsed is None else await cloud.ports.inventory.one(parsed[1], account, position)
        then = None if document is None else orjson.loads(document)["observed"]["image_digest"]
        image = _image(each)
        if then is None or image is None:
            continue
        if image not in now:
            now[image] = await _digest(cloud, image)
        if now[image] not in {None, then}:
            found.add(_id(each))
    return frozenset(found)


async def _digest(cloud: Cloud, image: str) -> str | None:
    try:
        return await cloud.ports.images.digest(image)
    except PortError:
        # Nobody can tell.
        return None


def _image(resource: Resource) -> str | None:
    spec: Any = resource.spec.get("template", resource.spec)
    return spec.get("image")


async def _occupied(cloud: Cloud, account: str, desired: Estate, current: Estate, at: int) -> frozenset[Key]:
    """Return the VPCs that may go, and that something uses which is no part of the estate."""
    known = {_id(each) for each in current.values()}
    found: set[Key] = set()
    for key, each in current.items():
        wanted = desired.get(key)
        if key.kind != "vpc" or (wanted is not None and wanted.spec == each.spec):
            continue
        parsed = parse_id(_id(each))
        users = [] if parsed is None else await cloud.ports.store.claims(use_scope(parsed[1]))
        strangers = [claim.key for claim in users if claim.key not in known]
        if any([not await _is_of_group(cloud, account, user, at) for user in strangers]):
            found.add(key)
    return frozenset(found)


async def _is_of_group(cloud: Cloud, account: str, resource_id: str, at: int) -> bool:
    """Return whether a resource is an instance of a scaling group, which is removed with it."""
    parsed = parse_id(resource_id)
    found = None if parsed is None else await cloud.ports.inventory.one(parsed[1], account, at)
    return found is not None and OWNED_TAG in orjson.loads(found)["tags"]
