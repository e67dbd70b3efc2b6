"""A MariaDB archive with a full disk: commits continue, it is reported, and it recovers when there is room."""

import re
from collections.abc import Generator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.journeys.odd_part import OddCloud, odd_cloud
from tests.journeys.running_cloud import RunningCloud, wait_until
from tests.journeys.test_database import (
    SECOND,
    ask_restore,
    await_window,
    create,
    numbers_in,
    restorable,
    written_to,
)
from tests.journeys.test_database_loss import in_archive
from tests.samples import TORTURE

ROOM_MB = 96
AGE_S = 20


@pytest.fixture
def cloud(tmp_path: Path, database_url: str, cloud_name: str, engine: str) -> Generator[OddCloud]:
    with odd_cloud(tmp_path, database_url, cloud_name, engine, room_mb=ROOM_MB) as found:
        yield found


def figure(cloud: RunningCloud, name: str) -> float | None:
    """Return the metrics."""
    found = re.search(rf"^miniaws_{name}{{.*}} (\S+)$", cloud.http.get("/metrics").text, re.MULTILINE)
    return float(found[1]) if found else None


@pytest.mark.skipif(not TORTURE, reason="it takes minutes: `make torture` runs it")
def test_a_full_archive_of_mariadb_is_told_and_heals(cloud: RunningCloud) -> None:
    create(cloud, "shop", engine="mysql")
    archive = cloud.show("/api/databases/shop/backups")
    shown = f"/api/archives/{archive['id']}"
    await_window(cloud, "shop")
    with written_to(cloud, "shop") as writer:
        wait_until(lambda: len(writer.rows) > 100, "it is written to")
        in_archive(cloud, "shop", "dd if=/dev/zero of=/archive/filler bs=64k 2>/dev/null || true", "root")
        filled = datetime.now(UTC)
        wait_until(lambda: cloud.show(shown)["status"] == "error", "it is reported")
        assert "its disk is full: 0 MB are left" in cloud.show(shown)["status_reason"]
        assert "backup_missed" in cloud.types(archive["id"])
        wait_until(lambda: (figure(cloud, "archive_restorable_age_seconds") or 0) > AGE_S, "it gets older")
        assert datetime.fromisoformat(restorable(cloud, "shop")["to"]) < filled + 5 * SECOND
        known = len(writer.rows)
        wait_until(lambda: len(writer.rows) > known + 100, "commits do not wait", 10)
        in_archive(cloud, "shop", "rm /archive/filler", "root")
        wait_until(lambda: cloud.show(shown)["status"] == "available", "it continues by itself", 90)
    await_window(cloud, "shop", datetime.now(UTC))
    found = restorable(cloud, "shop")
    assert (len(found["ranges"]), found["gaps"]) == (1, [])
    ask_restore(cloud, "shop", "shop-again")
    assert {n for n, _, _ in writer.rows} <= numbers_in(cloud, "shop-again")
