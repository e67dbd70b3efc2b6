"""A secret that is missing from the store is an error with a reason, never an empty one."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path

import psycopg
import pytest

from domain.aggregate import Aggregate
from domain.cache import Cache
from domain.database import Database
from domain.errors import SecretMissing
from domain.instance import Instance
from domain.scaling_group import Size
from domain.volume import Volume
from miniaws.commands import database as databases
from tests.process_managers import groups
from tests.process_managers.stage import open_stage
from tests.process_managers.test_archive import Databases
from tests.process_managers.test_server import Servers


@pytest.fixture
async def stage(prepared_url: str, tmp_path: Path) -> AsyncGenerator[Servers]:
    async with open_stage(prepared_url, tmp_path) as opened:
        servers = Servers(opened.cloud, opened.engine, opened.world, opened.database_url)
        await servers.settle(await servers.vpc())
        yield servers


async def a_cache(stage: Servers) -> Cache:
    return await stage.cache()


async def a_cache_with_tls(stage: Servers) -> Cache:
    found = await stage.cache(tls=True)
    # Only the private key is lost.
    assert found.certificate is not None
    await lose(stage, found.certificate.key_id)
    return found


async def an_instance_with_an_environment(stage: Servers) -> Instance:
    return await stage.launch(env={"TOKEN": "hush"})


async def an_instance_with_user_data(stage: Servers) -> Instance:
    return await stage.launch(user_data="hush")


async def a_scaling_group(stage: Servers) -> Aggregate:
    return await groups.wanted(stage, Size(1, 1, 1))


async def a_database(stage: Servers) -> Database:
    return await Databases(stage).create()


async def lose(stage: Servers, secret_id: str | None = None) -> None:
    """Remove one secret from the store, or all."""
    async with await psycopg.AsyncConnection.connect(stage.database_url, autocommit=True) as connection:
        await connection.execute(
            "DELETE FROM secrets WHERE %(id)s::uuid IS NULL OR secret_id = %(id)s", {"id": secret_id}
        )


MADE = [
    a_cache,
    a_cache_with_tls,
    an_instance_with_an_environment,
    an_instance_with_user_data,
    a_scaling_group,
    a_database,
]


@pytest.mark.parametrize("make", MADE, ids=lambda make: make.__name__)
async def test_nothing_starts_without_its_secret(
    stage: Servers, make: Callable[[Servers], Awaitable[Aggregate]]
) -> None:
    found = await make(stage)
    if make is not a_cache_with_tls:
        await lose(stage)
    if isinstance(found, Database):
        await stage.settle(await stage.cloud.load(Volume, "main", found.volume_id or ""))
        await Databases(stage).pass_all(found)
    with pytest.raises(SecretMissing, match="missing from the store"):
        await stage.pass_(found)
    assert found.public_id not in stage.engine.containers
    if isinstance(found, Cache | Database | Instance):
        shown = await stage.load(type(found), found.id)
        assert (shown.status, "missing from the store" in (shown.status_reason or "")) == ("error", True)


async def test_a_running_server_whose_password_is_missing_is_in_error(stage: Servers) -> None:
    cache = await stage.settle(await stage.cache())
    await lose(stage)
    refused = await stage.refused(cache)
    assert refused.status == "error"
    assert f"a secret of cache {cache.name}" in (refused.status_reason or "")


async def test_a_database_cannot_be_asked_without_the_password_of_our_account(stage: Servers) -> None:
    on = Databases(stage)
    database = await on.create()
    archive = await on.backed_up(database)
    await lose(stage, archive.admin_id)
    with pytest.raises(SecretMissing, match="database orders"):
        await databases.stats(stage.cloud, "main", "orders")
    with pytest.raises(SecretMissing, match="archive of orders"):
        await stage.pass_(archive)
