"""A change of several aggregates is saved atomically, and repeated after a conflict."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from pydantic import SecretStr

from domain.aggregate import Claim
from domain.errors import StaleVersion, Unavailable
from domain.store import Cause, ClaimTaken, RequirementMissing
from domain.volume import Volume
from miniaws import bootstrap
from miniaws.application import AlreadyDone, Cloud, Request, UnitOfWork, Work
from miniaws.settings import Settings

CAUSE = Cause(actor="key-test", account_id="main")
REQUEST = Request(CAUSE)


@pytest.fixture
async def cloud(prepared_url: str, tmp_path: Path) -> AsyncGenerator[Cloud]:
    settings = Settings(database_url=SecretStr(prepared_url), data_dir=tmp_path, engine="memory")
    async with bootstrap.open_cloud(settings, bootstrap.memory_infrastructure()) as opened:
        yield opened


async def _volume(cloud: Cloud, name: str) -> Volume:
    volume = Volume.create("main", name, None, {})
    await cloud.save(REQUEST, volume)
    return volume


def _tag(volume: Volume, tag: str) -> None:
    volume.change_tags({**volume.tags, tag: "x"})


def _both(first: str, second: str, tag: str) -> Work:
    async def work(unit: UnitOfWork) -> None:
        for name in (first, second):
            _tag(await unit.load(Volume, name), tag)

    return work


async def test_aggregates_are_saved_together(cloud: Cloud) -> None:
    await _volume(cloud, "a")
    await _volume(cloud, "b")
    saved = await cloud.transact(REQUEST, _both("a", "b", "t"))
    assert saved.aggregate.name == "a"
    assert len(saved.receipt.positions) == 2
    assert [(await cloud.load(Volume, "main", name)).tags for name in ("a", "b")] == [{"t": "x"}] * 2


async def test_units_that_load_the_same_aggregates_in_opposite_orders_all_finish(cloud: Cloud) -> None:
    await _volume(cloud, "a")
    await _volume(cloud, "b")
    orders = [("a", "b"), ("b", "a")] * 4
    async with asyncio.timeout(60):
        await asyncio.gather(
            *(cloud.transact(REQUEST, _both(*order, f"t{n}")) for n, order in enumerate(orders))
        )
    for name in ("a", "b"):
        assert set((await cloud.load(Volume, "main", name)).tags) == {f"t{n}" for n in range(8)}


async def test_work_is_repeated_when_another_save_comes_first(cloud: Cloud) -> None:
    await _volume(cloud, "a")
    attempts: list[int] = []

    async def work(unit: UnitOfWork) -> None:
        volume = await unit.load(Volume, "a")
        attempts.append(volume.version)
        secret_id = unit.seal(f"secret {len(attempts)}")
        if len(attempts) == 1:
            other = await cloud.load(Volume, "main", "a")
            _tag(other, "other")
            await cloud.save(REQUEST, other)
        volume.change_tags({**volume.tags, "secret": str(secret_id)})

    saved = await cloud.transact(REQUEST, work)
    volume = saved.aggregate
    assert isinstance(volume, Volume)
    assert attempts == [1, 2]
    assert set(volume.tags) == {"other", "secret"}
    assert await cloud.ports.store.secret(UUID(volume.tags["secret"])) == b"secret 2"


async def test_a_unit_that_always_comes_second_gives_up_and_changes_nothing(cloud: Cloud) -> None:
    await _volume(cloud, "a")

    async def work(unit: UnitOfWork) -> None:
        volume = await unit.load(Volume, "a")
        other = await cloud.load(Volume, "main", "a")
        other.change_tags({"version": str(other.version)})
        await cloud.save(REQUEST, other)
        _tag(volume, "never")

    with pytest.raises(Unavailable, match="too many changes at once"):
        await cloud.transact(REQUEST, work)
    assert "never" not in (await cloud.load(Volume, "main", "a")).tags


async def test_a_missing_requirement_is_an_error_unless_recovering_asks_for_another_attempt(
    cloud: Cloud,
) -> None:
    gone = Claim("alive", "gone", uuid4())
    attempts: list[int] = []

    async def work(unit: UnitOfWork) -> None:
        attempts.append(len(attempts))
        volume = Volume.create("main", "a", None, {})
        volume.conditions.requires += [gone] if len(attempts) == 1 else []
        unit.add(volume)

    async def recover(conflict: ClaimTaken | RequirementMissing) -> None:
        assert conflict.claim == gone

    with pytest.raises(RequirementMissing):
        await cloud.transact(REQUEST, work)
    attempts.clear()
    assert (await cloud.transact(REQUEST, work, recover)).aggregate.name == "a"
    assert attempts == [0, 1]


async def test_the_expected_version_is_that_of_the_first_aggregate(cloud: Cloud) -> None:
    await _volume(cloud, "a")
    await cloud.change(REQUEST, Volume, "a", lambda volume: _tag(volume, "t"))
    await _volume(cloud, "b")
    with pytest.raises(StaleVersion):
        await cloud.transact(Request(CAUSE, expected_version=1), _both("a", "b", "u"))
    await cloud.transact(Request(CAUSE, expected_version=1), _both("b", "a", "u"))


async def test_a_request_is_carried_out_once_per_idempotency_key(cloud: Cloud) -> None:
    await _volume(cloud, "a")
    await _volume(cloud, "b")
    request = Request(CAUSE, idempotency_key="k", fingerprint="f")
    first = await cloud.transact(request, _both("a", "b", "t"))
    with pytest.raises(AlreadyDone) as done:
        await cloud.transact(request, _both("a", "b", "u"))
    assert done.value.resource_id == first.aggregate.id
    assert set((await cloud.load(Volume, "main", "a")).tags) == {"t"}
