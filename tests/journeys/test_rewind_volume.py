"""A rewind with data of a volume in use, on a real engine: its files are those of a snapshot, and come back."""

from datetime import UTC, datetime

import pytest

from tests.journeys.running_cloud import RunningCloud
from tests.journeys.test_plan import carry_out
from tests.journeys.test_rewind_data import undo
from tests.journeys.test_snapshots import settled, sh


@pytest.mark.timeout(0)
def test_a_volume_gets_the_files_of_the_snapshot_before_the_moment_and_the_later_ones_back(
    keeping: RunningCloud,
) -> None:
    made = keeping.post("/api/volumes", {"name": "files"})
    web = keeping.launch("web-1", volumes=[{"volume": "files", "path": "/data"}])
    sh(keeping, "web-1", "echo before > /data/note")
    keeping.post("/api/snapshots", {"name": "nightly", "volume": "files"})
    settled(keeping, "/api/snapshots/nightly")
    to = datetime.now(UTC).isoformat()
    sh(keeping, "web-1", "echo after > /data/note")
    plan = carry_out(keeping, type="rewind", to=to, data="rewind")
    assert sh(keeping, "web-1", "cat /data/note") == "before\n"
    assert keeping.show("/api/volumes/files")["id"] != made["id"]
    undo(keeping, plan)
    assert sh(keeping, "web-1", "cat /data/note") == "after\n"
    assert keeping.show("/api/volumes/files")["id"] == made["id"]
    assert keeping.instance("web-1")["id"] == web["id"]
