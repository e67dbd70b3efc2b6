"""Snapshots from the command line."""

import json

from tests.cli.conftest import Command


def test_a_snapshot_is_taken_read_restored_and_deleted(cloud: Command) -> None:
    cloud("volume", "create", "data")
    assert cloud("snapshot", "create", "before", "data").stderr == "before is available\n"
    assert cloud("snapshot", "list", "-o", "name").stdout == "before\n"
    assert "before" in cloud("snapshot", "verify", "before").stdout
    shown = json.loads(cloud("snapshot", "show", "before", "-o", "json").stdout)
    assert [each["name"] for each in shown["spec"]["volumes"]] == ["data"]
    assert cloud("snapshot", "restore", "before", "data-before").stderr == "data-before is available\n"
    assert set(cloud("volume", "list", "-o", "name").stdout.split()) == {"data", "data-before"}
    cloud("snapshot", "tag", "before", "env=test")
    assert cloud("snapshot", "delete", "before", "--yes").stderr == "before is deleted\n"
    assert "before" in cloud("snapshot", "restore", "before", "again", exit_code=4).stderr


def test_a_snapshot_is_copied_to_a_target(cloud: Command) -> None:
    cloud("volume", "create", "data")
    cloud("snapshot", "create", "before", "data")
    assert cloud("snapshot", "targets", "-o", "name").stdout == "disk\noffsite\n"
    assert cloud("snapshot", "copy", "before", "--to", "disk").stderr == "before-disk is available\n"
    assert (
        cloud("snapshot", "copy", "before", "--to", "offsite", "--as", "far").stderr == "far is available\n"
    )
    assert "moon" in cloud("snapshot", "copy", "before", "--to", "moon", exit_code=1).stderr
    rows = {line.split()[0]: line for line in cloud("snapshot", "list").stdout.splitlines()}
    assert ("here" in rows["before"], "offsite" in rows["far"]) == (True, True)


def test_of_all_volumes_one_is_named_to_be_restored(cloud: Command) -> None:
    cloud("volume", "create", "data")
    cloud("volume", "create", "logs")
    assert "either a volume or `--all`" in cloud("snapshot", "create", "evening", exit_code=2).stderr
    cloud("snapshot", "create", "evening", "--all")
    refusal = cloud("snapshot", "restore", "evening", "again", exit_code=1).stderr
    assert "must be one of data, logs" in refusal
    cloud("snapshot", "restore", "evening", "again", "--volume", "logs")


def test_the_clock_is_told_when_to_take_them(cloud: Command) -> None:
    cloud("volume", "create", "data")
    cloud("volume", "schedule", "data", "--cron", "0 */6 * * *", "--retention-days", "14")
    assert "0 */6 * * *" in cloud("volume", "list").stdout
    shown = json.loads(cloud("volume", "show", "data", "-o", "json").stdout)
    policy = {"schedule": "0 */6 * * *", "retention_days": 14, "retention_count": None}
    assert shown["spec"]["snapshot_policy"] == policy
    refusal = cloud("volume", "schedule", "data", "--cron", "daily", exit_code=1).stderr
    assert "a cron expression of five fields" in refusal
    cloud("volume", "unschedule", "data")
    assert "0 */6" not in cloud("volume", "list").stdout
    assert "snapshot schedule removed" in cloud("timeline").stdout
