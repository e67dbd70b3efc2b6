"""Every process of the control plane dies after every step of a plan, and the plan is completed once."""

import subprocess
from collections import Counter
from collections.abc import Generator
from pathlib import Path

import httpx
import pytest

from adapters.embedded_postgres import EmbeddedPostgres
from adapters.event_store import migrate
from projections import rebuild
from tests.conftest import free_port, listening_port
from tests.journeys.forks import Process
from tests.journeys.running_cloud import RunningCloud, kill, running_cloud, wait_until
from tests.journeys.test_plan import APPLIED_S, applied, propose, shop, wait_until_completed
from tests.samples import sample

KILLS = sample(6, 60)
VICTIMS = ("controller", "api", "postgres")


@pytest.fixture
def durable(tmp_path: Path) -> Generator[EmbeddedPostgres]:
    """A Postgres for one test, whose commits are durable, to be killed."""
    server = EmbeddedPostgres(tmp_path / "store", free_port())
    server.start()
    migrate(server.url())
    rebuild.ensure(server.url())
    yield server
    server.stop()


@pytest.fixture
def mortal(
    tmp_path: Path, durable: EmbeddedPostgres, cloud_name: str, engine: str
) -> Generator[RunningCloud]:
    """A cloud with a Postgres of its own."""
    with running_cloud(tmp_path, durable.url(), cloud_name, engine) as found:
        yield found


@pytest.mark.timeout(0)
def test_a_plan_is_completed_once_whatever_dies_after_each_step(
    mortal: RunningCloud, durable: EmbeddedPostgres
) -> None:
    manifest = shop(listening_port())
    plan = propose(mortal, {"type": "apply", "manifest": manifest})
    mortal.http.post(f"/api/plans/{plan['id']}/apply").raise_for_status()
    for number in range(KILLS):
        wait_until_completed(mortal, plan, number % len(manifest))
        _kill(mortal, durable, VICTIMS[number % len(VICTIMS)])
    applied(mortal, plan)
    names = Counter(item["name"] for item in mortal.show("/api/resources?limit=1000")["items"])
    assert {each["name"]: names[each["name"]] for each in manifest} == {each["name"]: 1 for each in manifest}
    instances = mortal.show("/api/instances")["items"]
    assert {each["status"] for each in instances} == {"running"}
    made = {each["id"] for each in instances} | {mortal.show("/api/load-balancers/front")["id"]}
    # A load balancer has a second container, which holds its name.
    assert {each.removesuffix(".name") for each in mortal.containers()} == made
    started = mortal.types(plan["id"]).count("step_started")
    assert started == len(manifest), "no step was started twice"
    again = propose(mortal, {"type": "apply", "manifest": manifest[:4]})
    assert again["observed"]["steps"] == []


def _kill(cloud: RunningCloud, store: EmbeddedPostgres, victim: str) -> None:
    """Kill a process and start it again, as the supervisor does."""
    match victim:
        case "controller":
            kill(cloud.controllers.pop(0))
            cloud.start_controller()
        case "api":
            cloud.kill_api()
            cloud.start_api()
        case _:
            assert store.process is not None
            store.process.kill()
            store.process.wait()
            store.start()
            _start_what_ended(cloud)
    wait_until(lambda: _answers(cloud), "the API answers", APPLIED_S)


def _start_what_ended(cloud: RunningCloud) -> None:
    """Start what has ended without its store."""
    if cloud.api is not None and _has_ended(cloud.api):
        cloud.start_api()
    if _has_ended(cloud.controllers[0]):
        cloud.controllers.pop(0)
        cloud.start_controller()


def _has_ended(process: Process) -> bool:
    try:
        process.wait(0.1)
    except subprocess.TimeoutExpired:
        return False
    return True


def _answers(cloud: RunningCloud) -> bool:
    try:
        return cloud.http.get("/api/plans").status_code == 200
    except httpx.TransportError:
        return False
