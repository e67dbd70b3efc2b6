"""The time machine from the command line."""

import json
import re
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg

from miniaws.bootstrap import first_key
from miniaws.cli import events
from miniaws.cli.client import Client
from miniaws.cli.target import Target
from tests.cli.conftest import CloudServer, Command, Unsteady

NOWHERE = "postgresql://nobody@127.0.0.1:1/nothing"
LAUNCH = ("instance", "launch", "--image", "miniaws/hello:local")


def position(cloud: Command) -> str:
    """Return the newest position."""
    return cloud("timeline", "--limit", "1", "-o", "name").stdout.strip()


def test_the_timeline_is_narrowed_and_paged(cloud: Command) -> None:
    cloud(*LAUNCH, "web-1")
    cloud("volume", "create", "data", "--size", "1")
    header, *rows = cloud("timeline").stdout.splitlines()
    assert header.split() == ["POSITION", "TIME", "WHO", "KIND", "WHAT", "CAUSE"]
    assert any("key admin (127.0.0.1)" in row and "web-1 launch requested" in row for row in rows)
    of_web = json.loads(cloud("timeline", "--resource", "web-1", "--oldest-first", "-o", "json").stdout)
    types = ["instance.launch_requested", "instance.interface_assigned", "instance.started"]
    assert [event["type"] for event in of_web] == types
    assert of_web[2]["causationid"] == of_web[1]["position"]
    lines = cloud("timeline", "--actor", "admin", "--limit", "1", "-o", "ndjson").stdout.splitlines()
    assert json.loads(lines[0])["type"] == "volume.create_requested"
    assert len(lines) == 1
    until = str(of_web[0]["position"])
    assert cloud("timeline", "--as-of", until, "-o", "name").stdout.split()[0] == until
    assert cloud("timeline", "--from", "1 hour ago", "--text", "NOSUCH").stderr == "no event matches\n"


def test_the_timeline_shows_what_a_request_led_to_below_it(cloud: Command) -> None:
    cloud("volume", "create", "data")
    cloud("queue", "create", "q", "--engine", "nats")
    header, *rows = cloud("timeline").stdout.splitlines()
    what = [row[header.index("WHAT") :] for row in rows]
    first = next(number for number, each in enumerate(what) if each.startswith("q creation requested (nats"))
    assert what[first + 1].startswith("  q ")
    data = next(number for number, each in enumerate(what) if each.startswith("data creation requested"))
    assert first < data, "the newest request comes first"
    assert what[data + 1].startswith("  data became available")


def test_the_parts_of_a_resource_are_shown_when_asked_for(cloud: Command) -> None:
    cloud("queue", "create", "q", "--engine", "nats")
    asked = cloud("timeline", "--correlation", _request_of(cloud, "queue.create_requested"))
    hidden = re.search(r"(\d+) events of parts are not shown; add `--all`", asked.stderr)
    assert hidden is not None
    assert "-queue" not in asked.stdout
    whole = cloud("timeline", "--all", "--correlation", _request_of(cloud, "queue.create_requested"))
    assert whole.stderr == ""
    assert len(whole.stdout.splitlines()) == len(asked.stdout.splitlines()) + int(hidden[1])
    part = re.findall(r"vol-[a-z2-7]{26}-queue", whole.stdout)[0]
    assert part in cloud("timeline", "--resource", part).stdout, "alone, it is what was asked for"


def _request_of(cloud: Command, event_type: str) -> str:
    (event,) = json.loads(cloud("timeline", "--type", event_type, "-o", "json").stdout)
    return event["correlationid"]


def test_the_timeline_shows_local_time_and_utc_when_asked_for(cloud: Command) -> None:
    def time_of(*arguments: str) -> str:
        said, _ = cloud.start(
            "timeline", "--oldest-first", "--limit", "1", *arguments, TZ="XXX-5:30"
        ).communicate()
        return " ".join(said.splitlines()[1].split()[1:3])

    cloud("volume", "create", "data")
    (event,) = json.loads(cloud("timeline", "--oldest-first", "--limit", "1", "-o", "json").stdout)
    at = datetime.fromisoformat(event["time"])
    assert time_of("--utc") == f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%SZ}"
    assert time_of() == f"{at.astimezone(UTC) + timedelta(hours=5, minutes=30):%Y-%m-%d %H:%M:%S}"


def test_what_was_created_later_says_so(cloud: Command) -> None:
    cloud("volume", "create", "data")
    (created,) = json.loads(cloud("timeline", "--type", "volume.create_requested", "-o", "json").stdout)
    before = str(created["position"] - 1)
    for way in ("data", created["subject"]):
        said = cloud("volume", "show", way, "--as-of", before, exit_code=4, COLUMNS="500").stderr
        assert "as of that moment: it was created later, at 20" in said
    assert "created later" not in cloud("volume", "show", "nosuch", "--as-of", before, exit_code=4).stderr


def test_wrong_use_is_told(cloud: Command) -> None:
    for line, exit_code, words in (
        ("timeline --kind castle", 1, "must be one of"),
        ("timeline --type instance.flown", 1, "docs/events.md"),
        ("timeline --resource web-9", 4, "cannot find"),
        ("timeline --from 2 --to 1", 1, "must not be after"),
        ("timeline --from 99999", 1, "the position of the newest event"),
        ("timeline --from soon", 2, "must be a moment"),
        ("diff 2 1", 1, "must not be after"),
        ("diff 1 --tag alone", 2, "KEY=VALUE"),
        ("why web-9", 4, "cannot find"),
    ):
        told = cloud(*line.split(), exit_code=exit_code, COLUMNS="500").stderr
        assert words in " ".join(told.split()), line


def test_a_difference_is_grouped_and_short(cloud: Command) -> None:
    cloud(*LAUNCH, "web-1")
    cloud("volume", "create", "data", "--size", "1")
    before = position(cloud)
    cloud("instance", "stop", "web-1")
    cloud("volume", "delete", "data", "--yes")
    cloud("volume", "create", "logs", "--size", "2")
    shown = cloud("diff", before).stdout.splitlines()
    assert [line.rstrip() for line in shown if not line.startswith("      ")] == [
        "created (1)",
        "  + volume logs available",
        "deleted (1)",
        "  - volume data available",
        "changed (1)",
        "  ~ instance web-1",
    ]
    assert "      status: running → stopped" in [line.rstrip() for line in shown]
    assert cloud("diff", before, "--kind", "vpc").stderr.startswith("nothing differs")
    full = json.loads(cloud("diff", before, "--full", "-o", "json").stdout)
    assert full["created"][0]["spec"] == {"size_gb": 2, "snapshot_policy": None}
    assert cloud("diff", before, "--resource", "web-1", "-o", "name").stdout == "web-1\n"


def test_why_tells_of_a_crash(cloud: Command, cloud_server: CloudServer) -> None:
    cloud(*LAUNCH, "web-1")
    id_ = json.loads(cloud("instance", "show", "web-1", "-o", "json").stdout)["id"]
    cloud_server.accident("kill", id_)
    follow = cloud("events", "--follow", "--from", "1", "--type", "instance.crashed", "--limit", "1")
    assert "web-1 exited unexpectedly: killed (exit 137)" in follow.stdout
    first, *others = cloud("why", "web-1", COLUMNS="500").stdout.splitlines()
    assert first.startswith("instance web-1 ")
    assert any("exited unexpectedly: killed (exit 137)" in line for line in [first, *others])
    assert "launch requested (miniaws/hello:local, micro)" in others[-1]
    assert "by key `admin` from 127.0.0.1" in others[-1]
    assert "issued as admin by the set-up of the cloud" in cloud("why", "admin", COLUMNS="500").stdout


def test_events_show_the_newest_last(cloud: Command) -> None:
    cloud(*LAUNCH, "web-1")
    lines = cloud("events", "--resource", "web-1", "--limit", "3").stdout.splitlines()
    assert "launch requested" in lines[0]
    assert "started" in lines[2]
    found = cloud("events", "--from", "0", "--limit", "1", "-o", "ndjson")
    assert json.loads(found.stdout)["position"] == 1
    assert "more events follow: add `--limit`, or `--from 1`" in found.stderr
    assert cloud("events", "--from", "0", "--limit", "1000").stderr == ""


def test_following_goes_on_after_each_cut(cloud: Command, cloud_server: CloudServer) -> None:
    settings = cloud_server.settings
    key = first_key.read(settings.credentials)["MINIAWS_API_KEY"]
    head = int(position(cloud) or 0)  # the cloud may just begin to set itself up

    def change() -> None:
        with httpx.Client(base_url=settings.url, headers={"Authorization": key}) as http:
            for number in range(20):
                http.patch("/api/vpcs/default", json={"tags": {"n": str(number)}}).raise_for_status()

    changing = threading.Thread(target=change)
    with Client(Target(settings.url, key)) as client:
        way: Any = Unsteady(client)
        followed = events.followed(way, head, {"type": "vpc.tags_changed"})
        changing.start()
        found = [next(followed) for _ in range(20)]
        changing.join()
    assert [event["data"]["tags"]["n"] for event in found] == [str(number) for number in range(20)]
    assert way.cuts > 1


def test_usage_is_shown_in_hours(cloud: Command) -> None:
    cloud(*LAUNCH, "web-1", "--type", "small")
    header, row, total = cloud("usage", "--group-by", "type").stdout.splitlines()
    assert header.split() == ["TYPE", "INSTANCE", "HOURS"]
    assert row.split()[0] == "small"
    assert total.split()[0] == "TOTAL"
    found = json.loads(cloud("usage", "--to", "0", "-o", "json").stdout)
    assert found["items"] == []
    assert "`group_by` must be account" in cloud("usage", "--group-by", "colour", exit_code=1).stderr


def test_the_store_is_verified_renewed_and_exported(
    cloud: Command, cloud_server: CloudServer, tmp_path: Path
) -> None:
    cloud(*LAUNCH, "web-1")
    url = cloud_server.settings.database_url
    assert url is not None
    admin = Command({**cloud.variables, "MINIAWS_DATABASE_URL": url.get_secret_value()})
    assert "the read models match the log" in admin("admin", "verify").stderr
    with psycopg.connect(url.get_secret_value()) as connection:
        connection.execute("UPDATE read_model.resources SET name = 'lost' WHERE name = 'web-1'")
    found = admin("admin", "verify", "-o", "json", exit_code=1)
    assert "lost" in json.loads(found.stdout)["differences"][0]
    assert "1 differences" in found.stderr
    assert "lost" in admin("admin", "verify", exit_code=1).stdout
    assert "rebuilt, as of position" in admin("admin", "rebuild").stderr
    admin("admin", "verify")
    assert "web-1" in cloud("instance", "list").stdout
    file = str(tmp_path / "history")
    assert "events in" in admin("admin", "export", "-o", file, "--from", "1h ago").stderr
    assert "File exists" in admin("admin", "export", "-o", file, exit_code=1).stderr
    told = admin("admin", "export", "-o", f"{file}-2", "--from", "3", "--to", "2", exit_code=1)
    assert "ends before it starts" in told.stderr
    Path(file).write_text("no bundle\n")
    assert "line 1 (before the first event)" in admin("admin", "open", file, exit_code=1).stderr
    assert "cannot read" in admin("admin", "open", "/nowhere/at-all", exit_code=1).stderr
    assert (
        "cannot reach the store" in admin("admin", "verify", exit_code=5, MINIAWS_DATABASE_URL=NOWHERE).stderr
    )
