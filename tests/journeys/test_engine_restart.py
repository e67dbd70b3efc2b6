"""The engine crashes and restarts: the shown state stays correct, and instances run again."""

from collections.abc import Generator
from pathlib import Path

import pytest

from tests.journeys.private_engine import PrivateEngine, private_engine
from tests.journeys.running_cloud import running_cloud, wait_until

SEEN_S = 5.0


@pytest.fixture
def own_engine(engine: str) -> Generator[PrivateEngine]:
    with private_engine(engine) as found:
        yield found


def test_a_killed_engine_is_told_and_what_ran_runs_again(
    tmp_path: Path, database_url: str, own_engine: PrivateEngine
) -> None:
    with running_cloud(tmp_path, database_url, "mawtest-restart", own_engine.host) as cloud:
        web = cloud.launch("web-1")
        job = cloud.launch("job-1")
        cloud.post("/api/instances/job-1/stop")

        own_engine.kill()
        wait_until(lambda: cloud.instance("web-1")["status"] == "error", "it is not shown as running", SEEN_S)
        assert "does not answer" in cloud.instance("web-1")["status_reason"]

        own_engine.start()
        wait_until(lambda: cloud.instance("web-1")["status"] == "running", "it runs again", 15)
        wait_until(lambda: cloud.instance("job-1")["status"] == "stopped", "it is stopped again", 15)
        assert cloud.container(web["id"]).status == "running"
        assert cloud.container(job["id"]).status == "exited"
        assert len(cloud.containers()) == 2
        assert cloud.types(web["id"])[:4] == ["launch_requested", "interface_assigned", "started", "failed"]
        cloud.delete("/api/instances/web-1")
        cloud.delete("/api/instances/job-1")
