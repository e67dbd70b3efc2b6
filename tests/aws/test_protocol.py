"""What botocore writes we read, and what we write botocore reads; over the operations of whole services."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from botocore import parsers, serialize
from botocore.loaders import Loader
from botocore.model import ServiceModel

from miniaws.aws import protocol
from miniaws.aws.protocol.models import model
from miniaws.aws.protocol.rendered import Failure, Malformed
from tests.samples import sample

SERVICES = ("ec2", "sts", "cloudtrail", "elbv2", "rds", "autoscaling")
INSTANT = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)
TEXTS = ("plain", 'a<b>&é "x" ü', " spaces ", "line\nfeed", "€𝄞", "0", "true")


def chooser(seed: str) -> random.Random:
    return random.Random(seed)  # noqa: S311 - the same values in every run


def arbitrary(shape: Any, chosen: random.Random, above: tuple[str, ...] = ()) -> Any:
    """Return a value of a shape of botocore; None where it would have no end."""
    if above.count(shape.name) > 1 or len(above) > 9:
        return None
    inside = (*above, shape.name)
    match shape.type_name:
        case "structure":
            found = {name: arbitrary(each, chosen, inside) for name, each in shape.members.items()}
            return {name: each for name, each in found.items() if each is not None} or None
        case "list":
            items = [arbitrary(shape.member, chosen, inside) for _ in range(chosen.randint(1, 2))]
            return None if None in items else items
        case "map":
            value = arbitrary(shape.value, chosen, inside)
            return None if value is None else {"k<1>": value, "k2": value}
        case kind:
            return {
                "string": chosen.choice(TEXTS),
                "boolean": chosen.random() < 0.5,
                "timestamp": INSTANT,
                "blob": b"\x00\xffblob",
                "float": 1.5,
                "double": 2.25,
            }.get(kind, chosen.randint(-3, 2**31))


def plain(value: Any) -> Any:
    """Return a value without what the two sides may write differently."""
    match value:
        case dict():
            return {name: plain(each) for name, each in value.items()}
        case list():
            return [plain(each) for each in value]
        case datetime():
            return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
        case _:
            return value


def operations(service: str, most: int) -> Iterator[Any]:
    loaded: Any = Loader().load_service_model(service, "service-2")
    described: Any = ServiceModel(loaded, service)
    names = sorted(described.operation_names)
    for name in chooser(service).sample(names, min(most, len(names))):
        yield described.operation_model(name)


@pytest.mark.parametrize("service", SERVICES)
def test_what_botocore_sends_is_read_as_it_was_given(service: str) -> None:
    ours = model(service)
    writer: Any = serialize.create_serializer(ours.protocol, include_validation=False)
    for operation in operations(service, sample(40, 10_000)):
        shape = operation.input_shape
        given = (arbitrary(shape, chooser(operation.name)) if shape else None) or {}
        given.pop("SourceRegion", None)  # an addition of botocore's own, which no service knows
        body: Any = writer.serialize_to_request(given, operation)["body"]
        is_form = isinstance(body, dict)
        fields = dict(parse_qsl(urlencode(body), keep_blank_values=True)) if is_form else {}
        arguments = {name: text for name, text in fields.items() if name not in {"Action", "Version"}}
        read = protocol.read(
            ours, ours.operations[operation.name], arguments, b"" if is_form else bytes(body)
        )
        assert plain(read) == plain(given), operation.name


@pytest.mark.parametrize("service", SERVICES)
def test_what_is_answered_botocore_reads_as_it_was_meant(service: str) -> None:
    ours = model(service)
    reader: Any = parsers.create_parser(ours.protocol)
    for operation in operations(service, sample(40, 10_000)):
        shape = operation.output_shape
        if shape is None:
            continue
        result = arbitrary(shape, chooser(operation.name)) or {}
        written = protocol.render(ours, ours.operations[operation.name], result, "request-1")
        response = {"status_code": 200, "headers": {}, "body": written.body}
        read = reader.parse(response, shape)
        assert read.pop("ResponseMetadata")["HTTPStatusCode"] == 200
        assert plain(read) == plain(result), operation.name


@pytest.mark.parametrize("service", ["ec2", "sts", "cloudtrail"])
def test_a_refusal_arrives_with_its_code_and_message(service: str) -> None:
    ours = model(service)
    failure = Failure("Some.Code", "cannot <do> that & more", 412)
    written = protocol.render_failure(ours.protocol, failure, "request-1")
    reader: Any = parsers.create_parser(ours.protocol)
    response = {"status_code": 412, "headers": dict(written.headers), "body": written.body}
    read = reader.parse(response, None)
    assert (written.status, read["Error"]["Code"], read["Error"]["Message"]) == (
        412,
        "Some.Code",
        "cannot <do> that & more",
    )


@pytest.mark.parametrize(
    ("fields", "code", "named"),
    [
        ({"Nonsense": "1"}, "UnknownParameter", "Nonsense"),
        ({"Filter.1.Nonsense": "1"}, "UnknownParameter", "Filter.1.Nonsense"),
        ({"Filter.x.Name": "1"}, "UnknownParameter", "Filter.x"),
        ({"MaxResults.1": "1"}, "UnknownParameter", "MaxResults.1"),
        ({"MaxResults": "many"}, "InvalidParameterValue", "MaxResults"),
        ({"DryRun": "perhaps"}, "InvalidParameterValue", "DryRun"),
        ({"Filter.1": "x"}, "InvalidParameterValue", "Filter.1"),
        ({"MaxResults": "9" * 5000}, "InvalidParameterValue", "MaxResults"),
        ({".".join("a" * 200): "x"}, "MalformedQueryString", "a.a"),
    ],
)
def test_a_field_that_cannot_be_read_is_refused_by_name(
    fields: dict[str, str], code: str, named: str
) -> None:
    ec2 = model("ec2")
    with pytest.raises(Malformed) as refused:
        protocol.read(ec2, ec2.operations["DescribeInstances"], fields, b"")
    assert refused.value.code == code
    assert named in refused.value.message


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b'{"Nonsense":1}', b'{"MaxResults":true}', b'{"StartTime":"soon"}', b"[" * 9999]
)
def test_json_that_cannot_be_read_is_refused(body: bytes) -> None:
    trail = model("cloudtrail")
    with pytest.raises(Malformed):
        protocol.read(trail, trail.operations["LookupEvents"], {}, body)


def test_a_model_with_some_operations_reads_the_same() -> None:
    some = model("ec2", frozenset({"DescribeInstances"}))
    fields = {"Filter.1.Name": "tag:a", "Filter.1.Value.1": "b", "InstanceId.1": "i-1"}
    expected = {"Filters": [{"Name": "tag:a", "Values": ["b"]}], "InstanceIds": ["i-1"]}
    assert protocol.read(some, some.operations["DescribeInstances"], fields, b"") == expected
    assert list(some.operations) == ["DescribeInstances"]
