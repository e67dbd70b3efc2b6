"""Volumes."""

from miniaws.aws import names, tags
from miniaws.aws.call import Call
from miniaws.aws.changing import changed
from miniaws.aws.protocol.models import Values
from miniaws.aws.protocol.rendered import Failure
from miniaws.aws.reading import Document, Filterable, described, one
from miniaws.aws.services.ec2.kinds import INSTANCE, PAGED, SERVICE, SNAPSHOT, VOLUME
from miniaws.commands import snapshot as snapshots
from miniaws.commands import volume as commands

_STATES = {"creating": "creating", "restoring": "creating", "deleting": "deleting", "error": "error"}
_TYPE = "standard"
"""The only type whose name promises nothing about speed."""
_OF_THE_SYSTEM = "/dev/"


def _id_of(document: Document) -> str:
    return names.aws_id(document["id"], VOLUME.prefix)


def _state_of(document: Document) -> str:
    is_used = document["observed"]["attached_to"] is not None
    return _STATES.get(document["status"], "in-use" if is_used else "available")


def _attachments(document: Document) -> list[Values]:
    attached = document["observed"]["attached_to"]
    if attached is None:
        return []
    return [
        {
            "VolumeId": _id_of(document),
            "InstanceId": names.aws_id(attached["id"], INSTANCE.prefix),
            "Device": attached["path"],
            "State": "attached",
            "DeleteOnTermination": False,
        }
    ]


def _origin(document: Document) -> str:
    origin = document["spec"].get("restored_from")
    return "" if origin is None else names.aws_id(origin["snapshot_id"], SNAPSHOT.prefix)


def _shown(call: Call, document: Document) -> Values:
    return {
        "VolumeId": _id_of(document),
        "State": _state_of(document),
        "Size": document["spec"]["size_gb"] or 0,
        "SnapshotId": _origin(document),
        "AvailabilityZone": names.zone_of(call.region),
        "CreateTime": document["created_at"],
        "Attachments": _attachments(document),
        "Encrypted": False,
        "VolumeType": _TYPE,
        "MultiAttachEnabled": False,
        "Tags": tags.listed(document["tags"]),
    }


_FILTERABLE: Filterable = {
    "volume-id": lambda each: [_id_of(each)],
    "status": lambda each: [_state_of(each)],
    "size": lambda each: [each["spec"]["size_gb"] or 0],
    "snapshot-id": lambda each: [_origin(each)],
    "volume-type": lambda _: [_TYPE],
    "encrypted": lambda _: [False],
    "attachment.instance-id": lambda each: [found["InstanceId"] for found in _attachments(each)],
    "attachment.device": lambda each: [found["Device"] for found in _attachments(each)],
    "attachment.status": lambda each: ["attached" for _ in _attachments(each)],
}


@SERVICE.changes(
    "CreateVolume",
    ["Size", "SnapshotId", "AvailabilityZone", "TagSpecifications", "ClientToken"],
    {"VolumeType": _TYPE, "Encrypted": False, "MultiAttachEnabled": False},
    "the only type is `standard`: no speed is promised, and volumes are not encrypted; without `Size`, a volume has no "
    "limit, and is shown with the size 0",
)
async def create_volume(call: Call, given: Values) -> Values:
    """Create a volume, empty or from a snapshot."""
    zone = names.zone_of(call.region)
    if given.get("AvailabilityZone", zone) != zone:
        raise Failure(
            "InvalidZone.NotFound", f"The zone '{given['AvailabilityZone'][:80]}' does not exist; use {zone}"
        )
    size, wanted = given.get("Size"), tags.of_new(given, "volume")
    name = tags.name_of_new(call, "vol", wanted)
    if size is not None and size < 1:
        raise Failure("InvalidParameterValue", "Size must be at least 1")
    if given.get("SnapshotId"):
        origin = await one(call, SNAPSHOT, given["SnapshotId"])
        restored = snapshots.RestoreSnapshot(name=name, size_gb=size, tags=wanted)
        command = snapshots.restore(call.cloud, call.request(), origin["id"], restored)
    else:
        body = commands.CreateVolume(name=name, size_gb=size, tags=wanted)
        command = commands.create(call.cloud, call.request(), body)
    return _shown(call, await changed(call, command))


@SERVICE.reads("DescribeVolumes", ["VolumeIds", *PAGED])
async def describe_volumes(call: Call, given: Values) -> Values:
    """Return volumes, also those of databases and queues."""
    found, token = await described(call, VOLUME, given.get("VolumeIds"), given, _FILTERABLE)
    return {"Volumes": [_shown(call, each) for each in found], "NextToken": token}


@SERVICE.changes(
    "AttachVolume",
    ["VolumeId", "InstanceId", "Device"],
    missing="the instance must be stopped; `Device` is the mount path in the container, e.g. `/data`",
)
async def attach_volume(call: Call, given: Values) -> Values:
    """Attach a volume to a stopped instance."""
    volume = await one(call, VOLUME, given["VolumeId"])
    instance = await one(call, INSTANCE, given["InstanceId"])
    path: str = given["Device"]
    if not path.startswith("/") or path.startswith(_OF_THE_SYSTEM):
        raise Failure(
            "InvalidParameterValue",
            f"Value ({path[:80]}) for parameter device is invalid: here it is the path of the files, e.g. /data",
        )
    to = commands.AttachVolume(instance=instance["id"], path=path)
    command = commands.attach(call.cloud, call.request(), volume["id"], to)
    (attachment,) = _attachments(await changed(call, command))
    return attachment


@SERVICE.changes(
    "DetachVolume",
    ["VolumeId", "InstanceId", "Device"],
    {"Force": False},
    "the instance must be stopped",
)
async def detach_volume(call: Call, given: Values) -> Values:
    """Detach a volume from a stopped instance."""
    volume = await one(call, VOLUME, given["VolumeId"])
    attached = _attachments(volume)
    for name in ("InstanceId", "Device"):
        if not attached or given.get(name, attached[0][name]) != attached[0][name]:
            raise Failure("IncorrectState", f"The volume '{given['VolumeId']}' is not attached to it")
    instance = volume["observed"]["attached_to"]["id"]
    from_ = commands.DetachVolume(instance=instance)
    await changed(call, commands.detach(call.cloud, call.request(), volume["id"], from_))
    return {**attached[0], "State": "detached"}


@SERVICE.changes(
    "DeleteVolume",
    ["VolumeId"],
    missing="a deleted volume is kept in the trash for `MINIAWS_TRASH_HOURS`",
)
async def delete_volume(call: Call, given: Values) -> Values:
    """Delete a volume that no instance has."""
    volume = await one(call, VOLUME, given["VolumeId"])
    await changed(call, commands.delete(call.cloud, call.request(), volume["id"]))
    return {}
