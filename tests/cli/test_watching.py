"""``--watch`` of lists."""

import signal
import time
from typing import Any

from miniaws.bootstrap import first_key
from miniaws.cli import watching
from miniaws.cli.client import Client
from miniaws.cli.target import Target
from miniaws.cli.vpc import VPC
from tests.cli.conftest import CloudServer, Command, Unsteady


def test_a_list_is_printed_again_after_each_change_until_interrupted(cloud: Command) -> None:
    process = cloud.start("vpc", "list", "--watch", "-o", "name")
    assert process.stdout is not None
    assert process.stdout.readline() == "default\n"
    cloud("vpc", "create", "front")
    assert [process.stdout.readline() for _ in range(2)] == ["default\n", "front\n"]
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert (process.returncode, "Traceback" in said) == (130, False), said


def test_watching_the_past_is_wrong_usage() -> None:
    refused = Command({})("vpc", "list", "--watch", "--as-of", "1h ago", exit_code=2)
    assert "cannot watch the past" in refused.stderr


def test_a_list_follows_over_lost_connections_and_is_read_at_most_once_a_second(
    cloud: Command, cloud_server: CloudServer
) -> None:
    settings = cloud_server.settings
    key = first_key.read(settings.credentials)["MINIAWS_API_KEY"]
    began, reads = time.monotonic(), 1
    with Client(Target(settings.url, key)) as client:
        unsteady: Any = Unsteady(client)
        versions = watching.versions(unsteady, VPC, None, {})
        assert [each["name"] for each in next(versions)] == ["default"]
        for name in (f"net-{number}" for number in range(6)):
            cloud("vpc", "create", name)
            while name not in {each["name"] for each in next(versions)}:
                reads += 1
            reads += 1
    assert unsteady.cuts > 0
    assert reads - 1 <= time.monotonic() - began
