"""Requests through HAProxy: routing, health checks, and no lost requests during changes."""

import asyncio
import ssl
import time
from collections.abc import AsyncGenerator
from dataclasses import replace

import pytest
import pytest_asyncio

from adapters.haproxy.runtime import Row, Runtime
from domain.errors import Refused
from domain.load_balancer import HealthCheck, Listener, Rule, TargetGroup
from domain.load_balancer.proxy import Backend, Server
from tests import load
from tests.adapters.proxies import Place, real_place, target
from tests.adapters.proxy_contract import CHECK, GROUP, Scene
from tests.certificates import pair
from tests.conftest import listening_port
from tests.samples import ROUNDS, sample

CHANGES = sample(60, ROUNDS)
"""Number of changes of targets; a tenth of that for listeners."""
LONG_S = sample(4, 20)
"""Duration of a request whose target is draining."""
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place(
    engine: str, haproxy_image: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[Place]:
    async with real_place(engine, haproxy_image, tmp_path_factory.mktemp("haproxy")) as found:
        yield found


@pytest_asyncio.fixture(loop_scope="module")
async def scene(place: Place) -> AsyncGenerator[Scene]:
    async with place.scene() as found:
        yield found


async def served(scene: Scene, group: TargetGroup = GROUP) -> None:
    """Make both targets healthy."""
    spec = scene.spec(*scene.targets, group=group)
    for server in scene.targets:
        await scene.until(spec, server.name, "up")
    await scene.proxies.ensure(spec)


async def bodies(scene: Scene, count: int = 20, path: str = "/", **more: str) -> set[str]:
    """Return the versions that respond."""
    found = [(await load.get(scene.port, path, **more))[1] for _ in range(count)]
    return {word for body in found for word in ("web-1", "web-2") if word in body}


async def test_no_request_fails_while_targets_and_listeners_come_and_go(scene: Scene) -> None:
    """In each round, ten targets and a listener are added and removed."""
    guests = [
        replace(scene.targets[turn % 2], name=f"default:guest-{turn}:8080", weight=1 + turn)
        for turn in range(10)
    ]
    await served(scene)
    other = (Listener(scene.port), Listener(listening_port()))
    async with load.load(scene.port) as under:
        await under.passed(200)
        for _ in range(CHANGES // 20):
            full = scene.spec(*scene.targets, *guests, listeners=other)
            await scene.until(full, guests[-1].name, "up")
            leaving = [replace(guest, rests=True) for guest in guests]
            await scene.proxies.ensure(scene.spec(*scene.targets, *leaving, listeners=other))
            await idle(scene, [guest.name for guest in guests])
            await scene.proxies.ensure(scene.spec(*scene.targets))
            assert under.failures == []
        await under.passed(200)
    assert under.failures == []
    assert (await load.get(scene.port))[0] == 200


async def test_a_listener_that_is_taken_away_is_closed_and_its_process_ends(
    place: Place, scene: Scene
) -> None:
    extra = Listener(listening_port())
    await scene.proxies.ensure(scene.spec(*scene.targets, listeners=(Listener(scene.port), extra)))
    await scene.proxies.ensure(scene.spec(*scene.targets))
    runtime = Runtime(place.directory / "load-balancers" / scene.resource_id)
    async with asyncio.timeout(20):
        while (await runtime.processes()).old:  # noqa: ASYNC110 - a process tells nobody
            await asyncio.sleep(0.02)
    with pytest.raises(ConnectionRefusedError):
        await load.get(extra.port)
    assert (await load.get(scene.port))[0] in {200, 503}


async def test_connections_to_a_target_that_was_added_at_run_time_are_used_again(
    place: Place, scene: Scene
) -> None:
    await scene.proxies.ensure(scene.spec())
    await served(scene)
    async with load.load(scene.port, staying=4, leaving=0) as under:
        await under.passed(200)
    assert under.failures == []
    rows = await Runtime(place.directory / "load-balancers" / scene.resource_id).stats()
    figures = [
        (int(row["reuse"]), int(row["connect"])) for row in rows if row["svname"].startswith("default:")
    ]
    assert sum(reused for reused, _ in figures) > 2 * sum(made for _, made in figures)


async def idle(scene: Scene, names: list[str]) -> None:
    """Wait until these have no requests in progress, as a manager does."""
    for name in names:
        await until_in_flight(scene, name, 0)


async def test_what_is_in_flight_survives_draining_and_a_reload(scene: Scene) -> None:
    first, second = scene.targets
    await served(scene)
    only = scene.spec(second)
    await scene.proxies.ensure(only)
    slow = asyncio.create_task(load.get(scene.port, f"/slow?s={LONG_S}"))
    await until_in_flight(scene, second.name, 1)
    await scene.proxies.ensure(scene.spec(first, replace(second, rests=True)))
    more = (Listener(scene.port), Listener(listening_port()))
    await scene.proxies.ensure(scene.spec(first, replace(second, rests=True), listeners=more))
    assert (await scene.seen()).servers[second.name].in_flight == 1, "it is in flight in the process before"
    assert await bodies(scene) == {"web-1"}
    assert (await slow)[0] == 200
    await until_in_flight(scene, second.name, 0)


async def until_in_flight(scene: Scene, name: str, count: int) -> None:
    async with asyncio.timeout(20):
        while True:
            server = (await scene.seen()).servers.get(name)
            if (server.in_flight if server else 0) == count:
                return
            await asyncio.sleep(0.02)


async def test_an_ill_target_gets_no_request_until_all_of_them_are_ill(scene: Scene) -> None:
    first, second = scene.targets
    await served(scene)
    spec = scene.spec(first, second)
    async with load.load(scene.port, "/") as under:
        await fetch(second.address, "/health/fail")
        found = await scene.until(spec, second.name, "down")
        assert found.reason == "it answered 503"
        assert await bodies(scene) == {"web-1"}
        await fetch(first.address, "/health/fail")
        await scene.until(spec, first.name, "down")
        assert await bodies(scene) == {"web-1", "web-2"}, "it fails open"
        await fetch(first.address, "/health/ok")
        await scene.until(spec, first.name, "up")
        assert await bodies(scene) == {"web-1"}
        await fetch(second.address, "/health/ok")
    assert under.failures == []


async def test_a_target_that_is_killed_is_left_out_after_its_checks_failed_and_comes_back(
    place: Place, scene: Scene
) -> None:
    third = await target(place.world, "web-3")
    spec = scene.spec(*scene.targets, third)
    for server in spec.backends[0].servers:
        await scene.until(spec, server.name, "up")
    await scene.proxies.ensure(spec)
    async with load.load(scene.port) as under:
        await under.passed(200)
        await place.world.accidents.kill(resource_of(third))
        await scene.until(spec, third.name, "down")
        down_at = time.time()
        row = await row_of(place, scene, third)
        assert (row["chkdown"], row["chkfail"]) == ("1", str(CHECK.fall)), "exactly this number of checks"
        await under.passed(300)
        assert [each for each in under.failures if each.begun_at > down_at] == []
        under.failures.clear()
        again = await target(place.world, "web-3")
        spec = scene.spec(*scene.targets, again)
        await scene.until(spec, again.name, "up")
        await scene.proxies.ensure(spec)
        served = int((await row_of(place, scene, again))["stot"])
        await under.passed(100)
        assert int((await row_of(place, scene, again))["stot"]) > served
    assert under.failures == []
    await place.world.containers.remove(resource_of(third))


def resource_of(server: Server) -> str:
    return server.name.split(":")[1]


async def row_of(place: Place, scene: Scene, server: Server) -> Row:
    """Return HAProxy's statistics of a target with health checks."""
    rows = await Runtime(place.directory / "load-balancers" / scene.resource_id).stats()
    return next(row for row in rows if (row["pxname"], row["svname"]) == ("group-default", server.name))


async def fetch(address: str, path: str) -> None:
    reader, writer = await asyncio.open_connection(address, 8080)
    await load.ask(reader, writer, path)
    await load.close(writer)


async def test_rules_send_requests_to_groups_and_cookies_bring_clients_back(scene: Scene) -> None:
    first, second = scene.targets
    sticky = TargetGroup("sticky", sticky=True, health_check=CHECK)
    rules = (
        Rule("second", host="*.second.example"),
        Rule("second", path="/slow*"),
        Rule("sticky", host="sticky.example", path="/"),
    )
    spec = scene.spec(
        listeners=(Listener(scene.port, rules=rules),),
        backends=(
            Backend(GROUP, "http", (replace(first, name="default:1"),)),
            Backend(replace(GROUP, name="second"), "http", (replace(second, name="second:2"),)),
            Backend(sticky, "http", (replace(first, name="sticky:1"), replace(second, name="sticky:2"))),
        ),
    )
    for name in ("default:1", "second:2", "sticky:1", "sticky:2"):
        await scene.until(spec, name, "up")
    await scene.proxies.ensure(spec)
    assert await bodies(scene, 6) == {"web-1"}
    assert await bodies(scene, 6, host="www.second.example:80") == {"web-2"}
    assert (await load.get(scene.port, "/slow?s=0"))[0] == 200
    assert await bodies(scene, 12, host="sticky.example") == {"web-1", "web-2"}
    cookie = await cookie_of(scene, "sticky.example")
    assert len(await bodies(scene, 12, host="sticky.example", more=f"Cookie: {cookie}\r\n")) == 1


async def cookie_of(scene: Scene, host: str) -> str:
    reader, writer = await asyncio.open_connection("127.0.0.1", scene.port)
    writer.write(f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    await load.close(writer)
    (line,) = [line for line in head.lower().splitlines() if line.startswith("set-cookie: miniaws-sticky")]
    return line.removeprefix("set-cookie: ").split(";")[0]


async def test_tls_ends_at_the_balancer_and_the_key_is_on_no_disk_of_ours(place: Place, scene: Scene) -> None:
    await served(scene)
    certificate, key = pair("shop.example")
    port = listening_port()
    secure = (Listener(scene.port), Listener(port, "https", certificates=("shop",)))
    spec = scene.spec(*scene.targets, listeners=secure, certificates={"shop": (certificate + key).encode()})
    await scene.proxies.ensure(spec)
    trusting = ssl.create_default_context(cadata=certificate)
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", port, ssl=trusting, server_hostname="shop.example"
    )
    assert (await load.ask(reader, writer))[1] == 200
    await load.close(writer)
    on_disk = b"".join(file.read_bytes() for file in place.directory.rglob("*") if file.is_file())
    assert b"PRIVATE KEY" not in on_disk
    await scene.proxies.ensure(scene.spec(*scene.targets))


async def test_bare_connections_are_balanced(scene: Scene) -> None:
    group = TargetGroup(
        algorithm="least-connections", health_check=HealthCheck("tcp", interval_s=0.3, timeout_s=0.2)
    )
    spec = scene.spec(
        listeners=(Listener(scene.port, "tcp"),), backends=(Backend(group, "tcp", tuple(scene.targets)),)
    )
    for server in scene.targets:
        await scene.until(spec, server.name, "up")
    await scene.proxies.ensure(spec)
    assert await bodies(scene) == {"web-1", "web-2"}


async def test_a_configuration_that_haproxy_refuses_never_runs(scene: Scene) -> None:
    await served(scene)
    before = (await scene.seen()).traffic
    broken = scene.spec(*scene.targets, certificates={"bad": b"no certificate"})
    broken = replace(
        broken, listeners=(Listener(scene.port), Listener(listening_port(), "https", certificates=("bad",)))
    )
    with pytest.raises(Refused, match="HAProxy rejected the configuration"):
        await scene.proxies.ensure(broken)
    after = (await scene.seen()).traffic
    assert before is not None
    assert after is not None
    assert after.run == before.run
    assert await bodies(scene) == {"web-1", "web-2"}
