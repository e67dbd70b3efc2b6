"""Two separate clouds on one host."""

import secrets
from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from adapters.docker import engine_sweep
from adapters.embedded_postgres import EmbeddedPostgres
from tests.journeys.running_cloud import RunningCloud, wait_until

POOL = "10.99.0.0/16"


@pytest.fixture
def clouds(
    tmp_path_factory: pytest.TempPathFactory, postgres: EmbeddedPostgres, engine: str
) -> Generator[list[RunningCloud]]:
    """Two clouds that have a first key and a default VPC before either creates a network."""
    with ExitStack() as stack:
        yield [_cloud(stack, tmp_path_factory.mktemp("cloud"), postgres, engine) for _ in range(2)]


def _cloud(stack: ExitStack, home: Path, postgres: EmbeddedPostgres, engine: str) -> RunningCloud:
    name = f"mawtest-{secrets.token_hex(4)}"
    with psycopg.connect(postgres.url("postgres"), autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    stack.callback(engine_sweep.sweep, engine, name)
    found = RunningCloud(home, postgres.url(name), name, engine, MINIAWS_VPC_POOL=POOL)
    stack.callback(found.close)
    return found


def test_two_clouds_that_start_at_once_choose_different_ranges_in_the_end(clouds: list[RunningCloud]) -> None:
    for cloud in clouds:
        cloud.start_controller()
    for cloud in clouds:
        cloud.start_api()
    for cloud in clouds:
        wait_until(cloud.has_default_vpc, "there is a default VPC")
    vpcs = [cloud.show("/api/vpcs/default") for cloud in clouds]
    chosen = [cloud.show(f"/api/vpcs/default?as_of={first(cloud)}")["spec"]["cidr"] for cloud in clouds]
    assert chosen[0] == chosen[1]
    assert vpcs[0]["spec"]["cidr"] != vpcs[1]["spec"]["cidr"]
    replaced = [
        cloud.types(vpc["id"]).count("range_replaced") for cloud, vpc in zip(clouds, vpcs, strict=True)
    ]
    assert sorted(replaced) == [0, 1]
    for cloud, vpc in zip(clouds, vpcs, strict=True):
        address = cloud.launch("web-1")["observed"]["address"]
        assert address.rpartition(".")[0] == vpc["spec"]["cidr"].rpartition(".")[0]


def first(cloud: RunningCloud) -> int:
    """Return the position at which the default VPC was requested."""
    items = cloud.show("/api/timeline?type=vpc.create_requested&order=oldest")["items"]
    return items[0]["position"]
