"""Tags of any resource."""

from collections.abc import Awaitable, Callable

from domain.errors import StaleVersion
from miniaws import application
from miniaws.application import Cloud, Saved
from miniaws.aws import names, tags
from miniaws.aws.call import Call
from miniaws.aws.changing import changed
from miniaws.aws.protocol.models import Values
from miniaws.aws.protocol.rendered import Failure
from miniaws.aws.reading import Document, Filterable, Kind, described, matches, now, one, refuse_unknown
from miniaws.aws.services.ec2.kinds import INSTANCE, SERVICE, SNAPSHOT, VOLUME, VPC
from miniaws.commands import instance, snapshot, volume, vpc

_ATTEMPTS = 5
Tags = dict[str, str]
Change = Callable[[Cloud, application.Request, str, Tags], Awaitable[Saved]]

_KINDS: dict[str, tuple[Kind, str, Change]] = {
    "i": (
        INSTANCE,
        "instance",
        lambda cloud, request, id_, new: instance.change(
            cloud, request, id_, instance.ChangeInstance(tags=new)
        ),
    ),
    "vol": (
        VOLUME,
        "volume",
        lambda cloud, request, id_, new: volume.change(cloud, request, id_, volume.ChangeVolume(tags=new)),
    ),
    "snap": (
        SNAPSHOT,
        "snapshot",
        lambda cloud, request, id_, new: snapshot.change(
            cloud, request, id_, snapshot.ChangeSnapshot(tags=new)
        ),
    ),
    "vpc": (
        VPC,
        "vpc",
        lambda cloud, request, id_, new: vpc.change(cloud, request, id_, vpc.ChangeVpc(tags=new)),
    ),
}
_FILTERABLE: Filterable = {
    "resource-id": lambda each: [each["ResourceId"]],
    "resource-type": lambda each: [each["ResourceType"]],
    "key": lambda each: [each["Key"]],
    "value": lambda each: [each["Value"]],
}


@SERVICE.changes(
    "CreateTags", ["Resources", "Tags"], missing="several resources are tagged one after another"
)
async def create_tags(call: Call, given: Values) -> Values:
    """Add or replace tags."""
    added = tags.read(given["Tags"])
    await _change(call, given["Resources"], lambda before: {**before, **added})
    return {}


@SERVICE.changes("DeleteTags", ["Resources", "Tags"], missing="as `CreateTags`")
async def delete_tags(call: Call, given: Values) -> Values:
    """Remove tags: those with these keys, and with these values where they are given; without keys all."""
    removed = {each.get("Key", ""): each.get("Value") for each in given.get("Tags") or []}

    def remaining(before: Tags) -> Tags:
        if "Tags" not in given:
            return {}
        return {
            key: value
            for key, value in before.items()
            if key not in removed or removed[key] not in {None, value}
        }

    await _change(call, given["Resources"], remaining)
    return {}


@SERVICE.reads("DescribeTags", ["Filters"], missing="all tags are on one page")
async def describe_tags(call: Call, given: Values) -> Values:
    """Return the tags of all resources that have some."""
    filters = given.get("Filters") or []
    refuse_unknown(filters, _FILTERABLE)
    found: list[Document] = []
    for kind, type_, _ in _KINDS.values():
        documents, _ = await described(call, kind, None, {}, {})
        found += [
            {
                "ResourceId": names.aws_id(each["id"], kind.prefix),
                "ResourceType": type_,
                **tag,
                "tags": {},
            }
            for each in documents
            for tag in tags.listed(each["tags"])
        ]
    return {"Tags": [each for each in found if matches(filters, _FILTERABLE, each)]}


async def _change(call: Call, ids: list[str], decide: Callable[[Tags], Tags]) -> None:
    """Change the tags of resources, once it is known that all exist."""
    resources = [(id_, *_kind_of(id_)) for id_ in ids]
    for id_, kind, _ in resources:
        await one(call, kind, id_)
    for id_, kind, change in resources:
        await _change_one(call, id_, kind, change, decide)


async def _change_one(
    call: Call, id_: str, kind: Kind, change: Change, decide: Callable[[Tags], Tags]
) -> None:
    """Change the tags that a resource has now; decide again when somebody else has changed it in between."""
    for attempt in range(_ATTEMPTS):
        position = await call.cloud.ports.inventory.position()
        document = await one(now(call, position), kind, id_)
        request = call.request(f"{id_} {attempt}", document["version"])
        try:
            await changed(call, change(call.cloud, request, document["id"], decide(document["tags"])))
        except StaleVersion:
            continue
        return
    raise Failure("IncorrectState", f"cannot tag {id_}: too many changes at once; retry", 503)


def _kind_of(id_: str) -> tuple[Kind, Change]:
    prefix = id_.partition("-")[0]
    if prefix not in _KINDS:
        raise Failure("InvalidID", f"The ID '{id_[:80]}' is not valid")
    kind, _, change = _KINDS[prefix]
    return kind, change
