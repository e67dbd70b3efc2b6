"""Scaling groups from the command line."""

import json
from pathlib import Path
from typing import Any

from tests.cli.conftest import Command

CREATE = ("asg", "create", "shop", "--image", "miniaws/hello:local", "--port", "8080")
QUICK = ("--period", "1", "--periods-out", "1", "--periods-in", "1", "--warmup", "0")


def shown(cloud: Command) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(cloud("asg", "show", "shop", "-o", "json").stdout)
    return found


def test_a_group_is_created_changed_rested_and_deleted(cloud: Command) -> None:
    assert cloud(*CREATE, "--min", "1", "--max", "3").stderr == "shop is available\n"
    header, row = cloud("asg", "list").stdout.splitlines()
    assert header.split()[:6] == ["NAME", "STATUS", "MIN", "DESIRED", "MAX", "IN"]
    assert row.split()[:6] == ["shop", "available", "1", "1", "3", "1"]
    cloud("asg", "scale", "shop", "2")
    cloud("asg", "suspend", "shop", "--process", "scaling")
    cloud("asg", "protect", "shop", "shop-1")
    document = shown(cloud)
    assert (document["spec"]["desired"], document["spec"]["suspended"]) == (2, ["scaling"])
    assert document["observed"]["instances"][0]["is_protected"]
    cloud("asg", "resume", "shop")
    assert shown(cloud)["spec"]["suspended"] == []
    assert "`min` must be at most `max`" in cloud("asg", "update", "shop", "--min", "9", exit_code=1).stderr
    assert cloud("asg", "delete", "shop", "--yes").stderr == "shop is deleted\n"


def test_an_update_changes_how_the_program_of_a_template_is_run(cloud: Command) -> None:
    cloud(*CREATE, "--stop-grace", "20", "--template-tag", "env=test")
    options = ("--no-init", "--cap-add", "net_raw", "--stop-signal", "quit", "--restart", "never")
    cloud("asg", "update", "shop", *options, "--port", "9000")
    template = shown(cloud)["spec"]["template"]
    changed = {"init": False, "capabilities": ["NET_RAW"], "stop_signal": "SIGQUIT", "restart": "never"}
    assert template.items() >= changed.items()
    assert [each["port"] for each in template["ports"]] == [9000]
    assert (template["stop_grace_s"], template["tags"]) == (20, {"env": "test"})


def test_load_balancers_come_before_a_group_and_are_taken_away(cloud: Command) -> None:
    cloud("lb", "create", "front", "--listen", "8090", "--group", "api")
    cloud(*CREATE)

    def before() -> list[tuple[str, int, str, int]]:
        found = shown(cloud)["spec"]["load_balancers"]
        return [(it["load_balancer"], it["port"], it["target_group"], it["weight"]) for it in found]

    both = ("--load-balancer", "front:8080", "--load-balancer", "front:9000:api:3")
    cloud("asg", "update", "shop", *both)
    assert before() == [("front", 8080, "default", 1), ("front", 9000, "api", 3)]
    for wrong in ("front", "front:x", "front:80:api:y", "front:80:api:1:2"):
        assert (
            "must be NAME:PORT"
            in cloud("asg", "update", "shop", "--load-balancer", wrong, exit_code=2).stderr
        )
    cloud("asg", "update", "shop", "--load-balancer", "")
    assert before() == []


def test_policies_are_given_listed_and_removed(cloud: Command) -> None:
    cloud("lb", "create", "front", "--listen", "8090")
    cloud(*CREATE)
    load = ("asg", "policy", "track", "shop", "load", "--metric", "requests", "--target", "150")
    assert "no load balancer" in cloud(*load, exit_code=1).stderr
    cloud("asg", "update", "shop", "--load-balancer", "front:8080")
    cloud(*load)
    cloud("asg", "policy", "track", "shop", "cpu", "--target", "50")
    cloud("asg", "policy", "step", "shop", "burst", "--step", "60:80:+1", "--step", "80::+2")
    cloud("asg", "policy", "schedule", "shop", "night", "--cron", "0 22 * * *", "--desired", "0")
    listed = cloud("asg", "policy", "list", "shop").stdout
    for says in ("requests at 150 req/s", "cpu at 50 %", "60:80:+1, 80::+2", "0 22 * * *"):
        assert says in listed
    overlap = ("--step", "60:80:+1", "--step", "70::+2")
    assert "overlap" in cloud("asg", "policy", "step", "shop", "x", *overlap, exit_code=1).stderr
    assert (
        "must be FROM:TO:CHANGE"
        in cloud("asg", "policy", "step", "shop", "x", "--step", "up", exit_code=2).stderr
    )
    cloud("asg", "policy", "remove", "shop", "burst")
    assert set(shown(cloud)["spec"]["policies"]) == {"load", "cpu", "night"}


def test_decisions_are_shown_made_again_and_simulated(cloud: Command, tmp_path: Path) -> None:
    cloud(*CREATE)
    assert cloud("asg", "decisions", "shop").stderr == "there are no decisions\n"
    cloud("asg", "policy", "track", "shop", "cpu", "--target", "99", *QUICK)
    while not (decided := json.loads(cloud("asg", "decisions", "shop", "-o", "json").stdout)):
        pass
    assert decided[-1]["action"] == "hold"
    assert "all the same as taken" in cloud("asg", "replay", "shop").stderr
    while shown(cloud)["observed"]["last_decision"]["reason"] != "at its minimum":
        pass
    file = tmp_path / "calm.json"
    policy = {"type": "target-tracking", "metric": "cpu", "target": 98, "period_s": 1}
    file.write_text(json.dumps(policy))
    told = cloud("asg", "simulate", "shop", "--policy", str(file))
    assert "SECONDS ABOVE TARGET" in told.stdout
    assert "assumed: the load is" in told.stderr
    file.write_text(json.dumps({**policy, "metric": "requests"}))
    refused = cloud("asg", "simulate", "shop", "--policy", str(file), exit_code=1)
    assert "no requests was measured" in refused.stderr
