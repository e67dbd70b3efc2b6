"""Snapshots."""

from miniaws.aws import names, tags
from miniaws.aws.call import Call
from miniaws.aws.changing import changed
from miniaws.aws.protocol.models import Values
from miniaws.aws.reading import Document, Filterable, described, one
from miniaws.aws.services.ec2.kinds import PAGED, SERVICE, SNAPSHOT, VOLUME
from miniaws.commands import snapshot as commands

_STATES = {"available": "completed", "error": "error"}
_SEVERAL = "vol-ffffffff"
"""What AWS writes for a snapshot that is not of one known volume."""
_SELF = "self"


def _id_of(document: Document) -> str:
    return names.aws_id(document["id"], SNAPSHOT.prefix)


def _state_of(document: Document) -> str:
    return _STATES.get(document["status"], "pending")


def _volume_of(document: Document) -> str:
    volumes = document["spec"]["volumes"]
    return names.aws_id(volumes[0]["id"], VOLUME.prefix) if len(volumes) == 1 else _SEVERAL


def _size_of(document: Document) -> int:
    return sum(each["size_gb"] or 0 for each in document["spec"]["volumes"])


def _shown(call: Call, document: Document) -> Values:
    state = _state_of(document)
    return {
        "SnapshotId": _id_of(document),
        "VolumeId": _volume_of(document),
        "State": state,
        "StateMessage": document["status_reason"],
        "Progress": "100%" if state == "completed" else "0%",
        "StartTime": document["created_at"],
        "VolumeSize": _size_of(document),
        "OwnerId": names.account_number(call.account),
        "Description": "",
        "Encrypted": True,
        "StorageTier": "standard",
        "Tags": tags.listed(document["tags"]),
    }


_FILTERABLE: Filterable = {
    "snapshot-id": lambda each: [_id_of(each)],
    "volume-id": lambda each: [_volume_of(each)],
    "volume-size": lambda each: [_size_of(each)],
    "status": lambda each: [_state_of(each)],
    "start-time": lambda each: [each["created_at"]],
}


@SERVICE.changes("CreateSnapshot", ["VolumeId", "TagSpecifications"], {"Description": ""})
async def create_snapshot(call: Call, given: Values) -> Values:
    """Take a snapshot of a volume."""
    volume, wanted = await one(call, VOLUME, given["VolumeId"]), tags.of_new(given, "snapshot")
    body = commands.CreateSnapshot(
        name=tags.name_of_new(call, "snap", wanted), volume=volume["id"], tags=wanted
    )
    return _shown(call, await changed(call, commands.create(call.cloud, call.request(), body)))


@SERVICE.reads(
    "DescribeSnapshots",
    ["SnapshotIds", "OwnerIds", *PAGED],
    missing="only snapshots of the account; the volume of a snapshot of several volumes is shown as `vol-ffffffff`",
)
async def describe_snapshots(call: Call, given: Values) -> Values:
    """Return snapshots of the account."""
    owners = set(given.get("OwnerIds") or [_SELF])
    if not owners & {_SELF, names.account_number(call.account)}:
        return {"Snapshots": []}
    found, token = await described(call, SNAPSHOT, given.get("SnapshotIds"), given, _FILTERABLE)
    return {"Snapshots": [_shown(call, each) for each in found], "NextToken": token}


@SERVICE.changes("DeleteSnapshot", ["SnapshotId"])
async def delete_snapshot(call: Call, given: Values) -> Values:
    """Delete a snapshot."""
    document = await one(call, SNAPSHOT, given["SnapshotId"])
    await changed(call, commands.delete(call.cloud, call.request(), document["id"]))
    return {}
