"""A restore in place through the whole API: nothing waits for a resync."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from tests.http.in_process import WAIT, Cloud, done, open_cloud
from tests.runtime.running import eventually


@pytest.fixture
async def cloud(prepared_url: str, tmp_path: Path) -> AsyncGenerator[Cloud]:
    async with open_cloud(prepared_url, tmp_path, trash_hours=72, resync_s=3600) as opened:
        yield opened


async def test_the_replaced_database_makes_way_at_once(cloud: Cloud) -> None:
    path = "/api/databases/orders"
    made = done(await cloud.admin.post("/api/databases", json={"name": "orders"}, headers=WAIT), "available")

    async def is_swapped() -> bool:
        found = (await cloud.admin.get(path)).json()
        return found["id"] != made["id"] and found["status"] in {"backing-up", "available"}

    done(await cloud.admin.post(f"{path}/restore", json={"in_place": True}), "restoring")
    await eventually(is_swapped)
    replaced = (await cloud.admin.get(f"/api/databases/{made['id']}")).json()
    assert replaced["status"] == "trashed"
