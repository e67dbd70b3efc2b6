"""VPCs, volumes, keys and resources of any kind from the command line."""

import json
import re

from tests.cli.conftest import Command

LAUNCH = ("instance", "launch", "--image", "miniaws/hello:local")


def test_a_vpc_is_created_used_and_deleted(cloud: Command) -> None:
    assert cloud("vpc", "create", "front", "--cidr", "10.60.0.0/24").stderr == "front is available\n"
    header, default, front = cloud("vpc", "list").stdout.splitlines()
    assert header.split() == ["NAME", "STATUS", "CIDR", "AGE", "ID"]
    assert default.startswith("default")
    assert front.split()[:3] == ["front", "available", "10.60.0.0/24"]
    cloud(*LAUNCH, "web-1", "--vpc", "front")
    assert "web-1" in cloud("vpc", "delete", "front", "--yes", exit_code=1).stderr
    cloud("instance", "terminate", "web-1", "--yes")
    assert cloud("vpc", "delete", "front", "--yes").stderr == "front is deleted\n"
    assert "deleting" in cloud("vpc", "history", "front").stdout


def test_a_bad_range_is_refused_with_an_example(cloud: Command) -> None:
    result = cloud("vpc", "create", "front", "--cidr", "8.8.8.0/24", exit_code=1)
    assert "e.g. `10.20.0.0/24`" in result.stderr
    assert "  field: cidr\n" in result.stderr


def test_a_volume_goes_from_instance_to_instance(cloud: Command) -> None:
    cloud("volume", "create", "data", "--tag", "env=test")
    cloud(*LAUNCH, "web-1", "--volume", "data:/data")
    assert "web-1:/data" in cloud("volume", "list").stdout
    assert "web-1" in cloud("volume", "delete", "data", "--yes", exit_code=1).stderr
    assert "stop it first" in cloud("volume", "detach", "data", exit_code=1).stderr
    cloud("instance", "stop", "web-1")
    cloud("volume", "detach", "data")
    assert "is not attached" in cloud("volume", "detach", "data", exit_code=1).stderr
    cloud("volume", "attach", "data", "web-1", "--path", "/srv/data")
    assert re.search(r"attached to +web-1:/srv/data \(i-", cloud("volume", "show", "data").stdout)
    cloud("volume", "detach", "data", "web-1")
    assert cloud("volume", "delete", "data", "--yes").stderr == "data is deleted\n"


def test_a_key_is_shown_once_and_opens_what_its_role_permits(cloud: Command) -> None:
    result = cloud("key", "issue", "reader", "--role", "viewer", "--expires", "1h", "-o", "name")
    secret = result.stdout.strip()
    assert secret.startswith("miniaws_")
    assert "never shown again" in result.stderr
    assert secret not in result.stderr
    assert secret not in cloud("key", "show", "reader", "-o", "json").stdout
    assert cloud("instance", "list", MINIAWS_API_KEY=secret).stderr == "there is no instance to show\n"
    refused = cloud("vpc", "create", "x", MINIAWS_API_KEY=secret, exit_code=3)
    assert "it takes operator" in refused.stderr
    cloud("key", "revoke", "reader", "--yes")
    assert secret not in cloud("instance", "list", MINIAWS_API_KEY=secret, exit_code=3).output
    assert cloud("key", "list", "-o", "name").stdout == "admin\n"


def test_a_key_as_json_and_as_a_table_holds_the_secret_too(cloud: Command) -> None:
    document = json.loads(cloud("key", "issue", "ci", "--role", "operator", "-o", "json").stdout)
    assert document["key"].startswith("miniaws_")
    assert "miniaws_" in cloud("key", "issue", "ci-2", "--role", "operator").stdout


def test_any_resource_is_found_by_its_id(cloud: Command) -> None:
    cloud("volume", "create", "data")
    kinds = {each["kind"] for each in json.loads(cloud("resource", "list", "-o", "json").stdout)}
    assert kinds == {"access_key", "security_group", "subnet", "volume", "vpc"}
    (volume_id,) = cloud("resource", "list", "--kind", "volume", "-o", "name").stdout.split()
    assert volume_id.startswith("vol-")
    assert json.loads(cloud("resource", "show", volume_id, "-o", "json").stdout)["name"] == "data"
    assert "creating" in cloud("resource", "history", volume_id).stdout
    assert "must be one of" in cloud("resource", "list", "--kind", "planet", exit_code=1).stderr


def test_a_list_has_every_page(cloud: Command) -> None:
    for number in range(5):
        cloud("vpc", "create", f"net-{number}")
    names = ["default", *(f"net-{number}" for number in range(5))]
    assert cloud("vpc", "list", "-o", "name").stdout.split() == names
    assert cloud("vpc", "list", "-o", "name", "--limit", "3").stdout.split() == names[:3]
