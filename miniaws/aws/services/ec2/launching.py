"""Instances, as they are launched and changed."""

from base64 import b64decode
from binascii import Error
from collections.abc import Awaitable, Callable

from domain.errors import DomainError
from domain.status import GONE
from miniaws import application
from miniaws.application import Cloud, Saved
from miniaws.aws import tags
from miniaws.aws.call import Call
from miniaws.aws.changing import changed
from miniaws.aws.protocol.models import Values
from miniaws.aws.protocol.rendered import Failure
from miniaws.aws.reading import Document, one
from miniaws.aws.services.ec2.instances import id_of, reservations, state_of
from miniaws.aws.services.ec2.kinds import INSTANCE, SERVICE
from miniaws.aws.services.ec2.places import aws_type, own_type
from miniaws.commands import instance as commands

_MOST_AT_ONCE = 100
_DEFAULT_TYPE = aws_type("micro")

Command = Callable[[Cloud, application.Request, str], Awaitable[Saved]]


@SERVICE.changes(
    "RunInstances",
    [
        "ImageId",
        "InstanceType",
        "MinCount",
        "MaxCount",
        "UserData",
        "TagSpecifications",
        "ClientToken",
    ],
    {
        "Monitoring": {"Enabled": False},
        "EbsOptimized": False,
        "DisableApiTermination": False,
        "DisableApiStop": False,
    },
    "`ImageId` is the reference of a container image; instances are in the default VPC; user data is written to a file "
    "and not executed; no subnets, security groups, key pairs and block devices",
)
async def run_instances(call: Call, given: Values) -> Values:
    """Launch instances: all of them, or at least `MinCount`, or none."""
    least, most = given["MinCount"], given["MaxCount"]
    if not 1 <= least <= most <= _MOST_AT_ONCE:
        raise Failure("InvalidParameterValue", f"MinCount and MaxCount must be from 1 to {_MOST_AT_ONCE}")
    if not given.get("ImageId"):
        raise Failure("MissingParameter", "The request must contain the parameter ImageId")
    bodies = [_body(call, given, number) for number in range(most)]
    launched: list[Document] = []
    for number, body in enumerate(bodies):
        try:
            command = commands.launch(call.cloud, call.request(str(number)), body)
            launched.append(await changed(call, command))
        except DomainError:
            if len(launched) < least:
                await _take_back(call, launched)
                raise
            break
    (reservation,) = reservations(call, launched)
    return reservation


@SERVICE.changes("StartInstances", ["InstanceIds"])
async def start_instances(call: Call, given: Values) -> Values:
    """Start stopped instances."""
    return {"StartingInstances": await _each(call, given, commands.start)}


@SERVICE.changes(
    "StopInstances", ["InstanceIds"], {"Force": False, "Hibernate": False, "SkipOsShutdown": False}
)
async def stop_instances(call: Call, given: Values) -> Values:
    """Stop instances; their files stay."""
    return {"StoppingInstances": await _each(call, given, commands.stop)}


@SERVICE.changes("RebootInstances", ["InstanceIds"])
async def reboot_instances(call: Call, given: Values) -> Values:
    """Stop instances and start them again."""
    await _each(call, given, commands.reboot)
    return {}


@SERVICE.changes(
    "TerminateInstances",
    ["InstanceIds"],
    {"Force": False, "SkipOsShutdown": False},
    "a terminated instance is kept in the trash for `MINIAWS_TRASH_HOURS`, and can be restored",
)
async def terminate_instances(call: Call, given: Values) -> Values:
    """Terminate instances."""
    return {"TerminatingInstances": await _each(call, given, commands.terminate)}


@SERVICE.changes(
    "ModifyInstanceAttribute",
    ["InstanceId", "InstanceType"],
    {
        "DisableApiTermination": {"Value": False},
        "DisableApiStop": {"Value": False},
        "EbsOptimized": {"Value": False},
        "SourceDestCheck": {"Value": True},
    },
    "only the type can be changed",
)
async def modify_attribute(call: Call, given: Values) -> Values:
    """Change the type of a stopped instance."""
    document = await one(call, INSTANCE, given["InstanceId"])
    if (kind := given.get("InstanceType")) is not None:
        if document["status"] != "stopped":
            raise Failure(
                "IncorrectInstanceState",
                f"The instance '{given['InstanceId']}' is not in the 'stopped' state.",
            )
        change = commands.ChangeInstance(type=own_type(kind.get("Value", "")))
        await changed(call, commands.change(call.cloud, call.request(), document["id"], change))
    return {}


def _body(call: Call, given: Values, number: int) -> commands.LaunchInstance:
    wanted = tags.of_new(given, "instance")
    return commands.LaunchInstance(
        name=tags.name_of_new(call, "ec2", wanted, number),
        image=given["ImageId"],
        type=own_type(given.get("InstanceType", _DEFAULT_TYPE)),
        user_data=_user_data(given.get("UserData", "")),
        tags=wanted,
    )


def _user_data(text: str) -> str:
    try:
        return b64decode(text, validate=True).decode()
    except (Error, ValueError):
        raise Failure("InvalidParameterValue", "UserData must be the base64 of a text in UTF-8") from None


async def _take_back(call: Call, launched: list[Document]) -> None:
    for each in launched:
        request = call.request(f"take back {each['id']}")
        await commands.terminate(call.cloud, request, each["id"], purge=True)


async def _each(call: Call, given: Values, command: Command) -> list[Values]:
    """Send a command to every instance, once it is known that all exist. What has ended is left as it is."""
    before = [await one(call, INSTANCE, id_) for id_ in given["InstanceIds"]]
    answers: list[Values] = []
    for document in before:
        after = document
        if command is not commands.terminate or document["status"] not in GONE:
            request = call.request(document["id"])
            after = await changed(call, command(call.cloud, request, document["id"]))
        answers.append(
            {
                "InstanceId": id_of(document),
                "PreviousState": state_of(document),
                "CurrentState": state_of(after),
            }
        )
    return answers
