"""Rewinds with data on a real engine: a shop goes back to random moments, and each rewind is undone."""

import random
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.conftest import free_port, listening_port
from tests.journeys.running_cloud import RunningCloud
from tests.journeys.test_database import (
    SECOND,
    Writer,
    await_window,
    check,
    connected,
    create,
    url,
    writing,
)
from tests.journeys.test_plan import carry_out
from tests.samples import TORTURE, sample

MOMENTS = sample(1, 10)
ENGINES = ("postgres", "mysql") if TORTURE else ("postgres",)


@pytest.mark.timeout(0)
@pytest.mark.parametrize("kind", ENGINES)
def test_a_shop_is_rewound_with_its_rows_and_gets_the_later_ones_back(
    keeping: RunningCloud, kind: str
) -> None:
    cloud = keeping
    client = open_shop(cloud, kind)
    made, writer = cloud.show("/api/databases/orders"), None
    for number in range(MOMENTS):
        # The client knows only the URL of the beginning.
        with writing(Writer(lambda: client, writer)) as writer:
            to = random_moment(cloud, kind)
        release = {"tags": {"release": str(number)}}
        cloud.http.patch("/api/instances/web-1", json=release).raise_for_status()
        plan = carry_out(cloud, type="rewind", to=to.isoformat(), data="rewind", scope={"vpc": "shop"})
        check(writer, rows(client), to)
        restored = cloud.show("/api/databases/orders")
        assert restored["spec"]["restored_from"]["id"] == made["id"] != restored["id"]
        assert restored["observed"]["swap"]["unavailable_s"] > 0
        assert cloud.instance("web-1")["tags"] != release["tags"]
        undo(cloud, plan)
        assert {n for n, _, _ in writer.rows} <= rows(client)
        assert cloud.show("/api/databases/orders")["id"] == made["id"]
        assert cloud.instance("web-1")["tags"] == release["tags"]


def open_shop(cloud: RunningCloud, kind: str) -> str:
    """Create a shop, and return the URL of its database."""
    cloud.post("/api/vpcs", {"name": "shop"})
    cloud.launch("web-1", vpc="shop")
    targets = [{"instance": "web-1", "port": 8080}]
    front = {"name": "front", "vpc": "shop", "listeners": [{"port": listening_port()}], "targets": targets}
    cloud.post("/api/load-balancers", front)
    create(cloud, "orders", engine=kind, vpc="shop", publish=free_port())
    return url(cloud, "orders")


def random_moment(cloud: RunningCloud, kind: str) -> datetime:
    """Return a moment of the last seconds, to which the database can be restored."""
    begins = datetime.now(UTC)
    await_window(cloud, "orders", begins + 3 * SECOND)
    to = begins + SECOND + random.random() * SECOND  # noqa: S311 - no secret
    # MariaDB is restored to whole seconds.
    return to.replace(microsecond=0) if kind == "mysql" else to


def undo(cloud: RunningCloud, plan: dict[str, Any]) -> None:
    """Undo what a plan did."""
    path = f"/api/timeline?resource={plan['id']}&type=plan.apply_requested"
    carry_out(cloud, type="undo", request=cloud.show(path)["items"][0]["correlationid"])


def rows(client: str) -> set[int]:
    """Return the rows that a client sees."""
    with connected(client) as cursor:
        cursor.execute("select n from written")
        return {row[0] for row in cursor.fetchall()}
