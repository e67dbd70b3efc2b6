"""Killing any process at any time loses nothing, repeats nothing and leaves nothing behind.

``MINIAWS_TORTURE`` sets how many kills; ``make torture`` asks for a thousand.
"""

import os
import random
import signal
import threading
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from psycopg.sql import SQL

from miniaws.commands.access_key import hash_of
from projections import rebuild
from tests.journeys.running_cloud import IMAGE, RunningCloud, kill, wait_until
from tests.samples import ROUNDS, sample

KILLS = sample(10, ROUNDS)
SEED = 20261123
CHECKED_AFTER = 50
"""Number of kills between two checks of the whole state."""
SETTLED_S = 180
"""On a busy machine most of it is the start of a controller."""
READ_MODEL = (
    (SQL("SELECT * FROM read_model.resources"), SQL("SELECT * FROM rebuilt.resources")),
    (
        SQL("SELECT resource_id, position, document::text FROM read_model.versions"),
        SQL("SELECT resource_id, position, document::text FROM rebuilt.versions"),
    ),
)


def test_a_retry_after_a_killed_api_gives_one_instance(own_cloud: RunningCloud, database_url: str) -> None:
    """The API dies between append and response; the same idempotency key returns the same instance."""
    (controller,) = own_cloud.controllers
    # A stopped controller keeps the answer back: the API waits until reads show the event.
    controller.send_signal(signal.SIGSTOP)
    body = {"name": "web-1", "image": IMAGE, "type": "nano"}
    headers = {"Idempotency-Key": "once", "Prefer": "wait=30"}

    def ask() -> None:
        with pytest.raises(httpx.TransportError):
            own_cloud.http.post("/api/instances", json=body, headers=headers)

    asking = threading.Thread(target=ask)
    with psycopg.connect(database_url, autocommit=True) as log:
        asking.start()
        written = "SELECT count(*) FROM events WHERE topic = 'instance.launch_requested'"
        wait_until(lambda: log.execute(written).fetchone() == (1,), "the event is written")
        own_cloud.kill_api()
        asking.join()
        controller.send_signal(signal.SIGCONT)
        own_cloud.start_api()
        answer = own_cloud.http.post("/api/instances", json=body, headers=headers)
        assert answer.status_code == 202
        assert answer.json()["status"] == "running"
        assert log.execute(written).fetchone() == (1,)
    assert list(own_cloud.containers()) == [answer.json()["id"]]


def test_a_retry_after_a_killed_api_gives_one_key_that_somebody_knows(
    own_cloud: RunningCloud, database_url: str
) -> None:
    """The API dies between append and response: nobody learns the first secret, so it must be invalid."""
    (controller,) = own_cloud.controllers
    controller.send_signal(signal.SIGSTOP)
    body, headers = {"name": "ci", "role": "viewer"}, {"Idempotency-Key": "once"}

    def ask() -> None:
        with pytest.raises(httpx.TransportError):
            own_cloud.http.post("/api/keys", json=body, headers=headers)

    asking = threading.Thread(target=ask)
    with psycopg.connect(database_url, autocommit=True) as log:
        hashes = "SELECT key FROM claims WHERE scope = 'access-key-hash' ORDER BY claimed_at"
        before = log.execute(hashes).fetchall()
        asking.start()
        wait_until(lambda: len(log.execute(hashes).fetchall()) > len(before), "the key is issued")
        unknown = log.execute(hashes).fetchall()
        own_cloud.kill_api()
        asking.join()
        controller.send_signal(signal.SIGCONT)
        own_cloud.start_api()
        answer = own_cloud.http.post("/api/keys", json=body, headers=headers)
        assert answer.status_code == 202
        known = {hash_of(answer.json()["key"])}
        after = {row[0] for row in log.execute(hashes)}
    assert after == {row[0] for row in before} | known
    assert not known & {row[0] for row in unknown}
    signed_in = own_cloud.http.get("/api/keys/ci", headers={"Authorization": answer.json()["key"]})
    assert signed_in.json()["id"] == answer.json()["id"]
    # The first use is recorded after the response to it.
    told = ["issued", "secret_replaced", "first_used"]
    wait_until(lambda: own_cloud.types(answer.json()["id"]) == told, "the first use is recorded")


@pytest.mark.timeout(0)
def test_random_kills_of_the_controller_strand_nothing(own_cloud: RunningCloud, database_url: str) -> None:
    """Instances are launched and terminated while the leading controller is killed repeatedly."""
    chance = random.Random(SEED)  # noqa: S311 - repeatable, not secret
    wanted: dict[str, str] = {}
    # A second controller stands by, as it would on another host.
    own_cloud.start_controller()
    for number in range(KILLS):
        command(own_cloud, chance, wanted, number)
        victim = own_cloud.controllers.pop(0)
        threading.Event().wait(chance.uniform(0, 0.4))
        kill(victim)
        own_cloud.start_controller()
        if number % CHECKED_AFTER == 0 or number == KILLS - 1:
            assert_as_wanted(own_cloud, wanted)
    assert_nothing_else_is_there(own_cloud, wanted)
    assert_reads_equal_a_rebuild(own_cloud, database_url)


def assert_nothing_else_is_there(cloud: RunningCloud, wanted: dict[str, str]) -> None:
    """Compare the objects on the engine with the resources, and again after all are deleted."""
    made = cloud.containers().keys()
    volumes = [item["id"] for item in cloud.show("/api/volumes?limit=1000")["items"]]
    network = ("network", cloud.show("/api/vpcs/default")["id"])
    kept = [*(("container", id_) for id_ in made), network, *(("volume", id_) for id_ in volumes)]
    assert cloud.things() == sorted(kept)
    assert len(volumes) == len([name for name in wanted if has_volume(name)])
    cloud.empty()
    assert cloud.things() == [network]
    assert cloud.show("/api/orphans?ended=true")["items"] == []


def assert_as_wanted(cloud: RunningCloud, wanted: dict[str, str]) -> None:
    wait_until(lambda: unsettled(cloud, wanted) == {}, "everything is as wanted", SETTLED_S)
    running = {name for name, status in wanted.items() if status == "running"}
    alive = {c.labels["miniaws.id"] for c in cloud.containers().values() if c.status == "running"}
    assert alive == {cloud.instance(name)["id"] for name in running}
    # What was stopped before its container was made has none.
    living = {cloud.instance(name)["id"] for name, status in wanted.items() if status != "terminated"}
    assert cloud.containers().keys() <= living


def command(cloud: RunningCloud, chance: random.Random, wanted: dict[str, str], number: int) -> None:
    living = [name for name, status in wanted.items() if status != "terminated"]
    action = chance.choice(["launch", "launch", "stop", "start", "terminate", "terminate"])
    if action == "launch" or not living:
        name = f"i-{number}"
        body: dict[str, Any] = {"name": name, "image": IMAGE, "type": "nano"}
        if has_volume(name):
            ask(cloud, "POST", "/api/volumes", {"name": name})
            body["volumes"] = [{"volume": name, "path": "/data"}]
        ask(cloud, "POST", "/api/instances", body)
        wanted[name] = "running"
        return
    name = chance.choice(living)
    if action == "terminate":
        ask(cloud, "DELETE", f"/api/instances/{name}")
        wanted[name] = "terminated"
    else:
        ask(cloud, "POST", f"/api/instances/{name}/{action}")
        wanted[name] = "running" if action == "start" else "stopped"


def has_volume(name: str) -> bool:
    """Return whether an instance is launched with its own volume, which stays when it is terminated."""
    return int(name.removeprefix("i-")) % 3 == 0


def ask(cloud: RunningCloud, method: str, path: str, body: dict[str, Any] | None = None) -> None:
    """Send a command, retried with one idempotency key until there is a response."""
    headers = {"Idempotency-Key": f"{method}-{path}-{os.urandom(8).hex()}"}

    def accepted() -> bool:
        answer = cloud.http.request(method, path, json=body, headers=headers)
        assert answer.status_code in {202, 503}, answer.text
        return answer.status_code == 202

    wait_until(accepted, f"{method} {path} is accepted")


def unsettled(cloud: RunningCloud, wanted: dict[str, str]) -> dict[str, Any]:
    items = cloud.show("/api/instances?ended=true&limit=1000")["items"]
    found = {item["name"]: (item["status"], item["status_reason"]) for item in items}
    return {
        name: found.get(name) for name, status in wanted.items() if found.get(name, ("", ""))[0] != status
    }


def assert_reads_equal_a_rebuild(cloud: RunningCloud, database_url: str) -> None:
    for controller in cloud.controllers:
        kill(controller)
    cloud.controllers.clear()
    with psycopg.connect(database_url) as connection:
        row = connection.execute("SELECT position FROM read_model.progress").fetchone()
        assert row is not None
        rebuild.build(connection, "rebuilt", row[0])
        for live, rebuilt in READ_MODEL:
            differing = SQL("({a} EXCEPT {b}) UNION ALL ({b} EXCEPT {a})").format(a=live, b=rebuilt)
            assert connection.execute(differing).fetchall() == []
        connection.rollback()


def test_a_cloud_that_comes_back_adopts_what_runs(own_cloud: RunningCloud, tmp_path: Path) -> None:
    web = own_cloud.launch("web-1")
    (controller,) = own_cloud.controllers
    kill(controller)
    own_cloud.kill_api()
    started = own_cloud.container(web["id"]).attrs["State"]["StartedAt"]
    own_cloud.controllers.clear()
    own_cloud.start_controller()
    own_cloud.start_api()
    own_cloud.post("/api/volumes", {"name": "proof-that-the-controller-works"})
    assert own_cloud.container(web["id"]).attrs["State"]["StartedAt"] == started
    assert own_cloud.instance("web-1")["version"] == web["version"]
    assert (tmp_path / "controller.log").exists()
