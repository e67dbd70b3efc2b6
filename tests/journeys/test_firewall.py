"""What security groups say holds from the first packet on, and again within seconds after every accident."""

import subprocess
import time
from typing import Any

import pytest

from adapters.docker.firewall_rules import table_name
from tests.journeys.running_cloud import RunningCloud, kill, wait_until
from tests.samples import sample

REPAIRED_S = 5.0
PORT = 8080
FROM_WEB = {"protocol": "tcp", "from_port": PORT, "group": "web"}


def allow(cloud: RunningCloud, *rules: dict[str, Any]) -> None:
    """Make these the ingress rules of the group `db`."""
    answer = cloud.http.patch("/api/security-groups/db.default", json={"ingress": rules})
    assert answer.status_code == 202, answer.text


def reaches(cloud: RunningCloud, source: dict[str, Any], destination: dict[str, Any]) -> bool:
    """Return whether a container gets an answer of another one."""
    url = f"http://{destination['observed']['address']}:{PORT}/"
    code, _ = cloud.container(source["id"]).exec_run(["get", "-t", "1", url])
    return code == 0


def flush(cloud: RunningCloud) -> None:
    subprocess.run(["nft", "flush", "table", "inet", table_name(cloud.cloud)], check=True)


@pytest.fixture
def trio(own_cloud: RunningCloud) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """An instance in the group `web`, one in `db`, which `web` may reach, and one in `default`."""
    for name in ("web", "db"):
        own_cloud.post("/api/security-groups", {"name": name})
    allow(own_cloud, FROM_WEB)
    return (
        own_cloud.launch("web-1", security_groups=["web"]),
        own_cloud.launch("db-1", security_groups=["db"]),
        own_cloud.launch("other-1"),
    )


def test_a_group_is_reached_by_whom_its_rules_name(own_cloud: RunningCloud, trio: Any) -> None:
    web, db, other = trio
    assert reaches(own_cloud, web, db)
    assert not reaches(own_cloud, other, db)
    assert not reaches(own_cloud, db, web)
    assert reaches(own_cloud, web, other)
    allow(own_cloud)
    wait_until(lambda: not reaches(own_cloud, web, db), "the rule is gone", REPAIRED_S)
    answer = own_cloud.http.patch("/api/instances/other-1", json={"security_groups": ["web"]})
    assert answer.status_code == 202, answer.text
    allow(own_cloud, FROM_WEB)
    wait_until(lambda: reaches(own_cloud, other, db), "the member is known", REPAIRED_S)


def test_rules_that_somebody_flushes_are_back_within_seconds(own_cloud: RunningCloud, trio: Any) -> None:
    web, db, other = trio
    for _ in range(sample(1, 10)):
        flush(own_cloud)
        began = time.monotonic()
        wait_until(lambda: not reaches(own_cloud, other, db), "it is repaired", REPAIRED_S)
        assert time.monotonic() - began < REPAIRED_S
        assert reaches(own_cloud, web, db)


def test_a_member_that_starts_while_nothing_is_enforced_is_not_open(
    own_cloud: RunningCloud, trio: Any
) -> None:
    _, _, other = trio
    flush(own_cloud)
    late = own_cloud.launch("late-1", security_groups=["db"])
    assert not reaches(own_cloud, other, late)


def test_a_rule_is_enforced_though_the_controller_died_before(own_cloud: RunningCloud, trio: Any) -> None:
    web, db, _ = trio
    kill(own_cloud.controllers.pop())
    assert reaches(own_cloud, web, db)
    # Read models do not show it without a controller, so the answer says that it comes later.
    own_cloud.http.patch("/api/security-groups/db.default", json={"ingress": []})
    assert reaches(own_cloud, web, db)
    own_cloud.start_controller()
    wait_until(lambda: not reaches(own_cloud, web, db), "the rule is gone")


def test_a_published_port_is_as_open_as_the_port_itself(own_cloud: RunningCloud) -> None:
    own_cloud.post("/api/security-groups", {"name": "db"})
    port = 21_000 + own_cloud.port % 1000
    own_cloud.launch("db-1", security_groups=["db"], ports=[{"port": PORT, "publish": port}])

    def answers() -> bool:
        done = subprocess.run(
            ["curl", "--silent", "--max-time", "1", f"http://127.0.0.1:{port}/"],
            check=False,
            capture_output=True,
        )
        return done.returncode == 0

    assert not answers()
    allow(own_cloud, {"protocol": "tcp", "from_port": PORT, "cidr": "127.0.0.0/8"})
    wait_until(answers, "the rule is enforced", REPAIRED_S)
