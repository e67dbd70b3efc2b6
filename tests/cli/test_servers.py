"""Caches and queues from the command line."""

import json
import os
from pathlib import Path

from tests.cli.conftest import Command


def test_a_cache_is_created_changed_and_deleted(cloud: Command) -> None:
    made = cloud("cache", "create", "sessions", "--persistence", "aof", "--protected", "--tag", "env=test")
    assert made.stderr == "sessions is available\n"
    header, row = cloud("cache", "list").stdout.splitlines()
    assert header.split()[:5] == ["NAME", "STATUS", "ENGINE", "MEMORY", "(MiB)"]
    assert row.split()[:5] == ["sessions", "available", "redis", "64", "aof"]
    made = json.loads(cloud("cache", "show", "sessions", "-o", "json").stdout)
    assert made["spec"]["eviction"] == "volatile-lru"
    cloud("cache", "change", "sessions", "--memory", "96", "--eviction", "allkeys-lru")
    shown = json.loads(cloud("cache", "show", "sessions", "-o", "json").stdout)
    assert (shown["spec"]["memory_mb"], shown["spec"]["eviction"]) == (96, "allkeys-lru")
    fields = dict(line.rsplit(maxsplit=1) for line in cloud("cache", "show", "sessions").stdout.splitlines())
    assert fields["version"] == str(shown["version"])
    assert fields["engine version"] == (shown["spec"]["version"] or "-")
    assert "clients" in cloud("cache", "stats", "sessions").stdout
    assert cloud("cache", "flush", "sessions", "--yes").stderr.endswith("sessions is empty\n")
    assert "protected" in cloud("cache", "delete", "sessions", "--yes", exit_code=1).stderr
    cloud("cache", "change", "sessions", "--unprotected")
    assert cloud("cache", "delete", "sessions", "--yes").stderr == "sessions is deleted\n"


def test_a_password_is_shown_where_it_is_asked_for_and_can_be_changed(cloud: Command) -> None:
    cloud("cache", "create", "sessions")
    before = cloud("cache", "connection", "sessions", "-o", "name").stdout.strip()
    assert before.startswith("redis://default:")
    assert cloud("cache", "rotate-credentials", "sessions").stderr == "sessions is available\n"
    after = cloud("cache", "connection", "sessions", "-o", "name").stdout.strip()
    assert after != before
    password = after.partition("default:")[2].partition("@")[0]
    assert password not in cloud("timeline").output
    assert cloud("cache", "stop", "sessions").stderr == "sessions is stopped\n"
    assert "start it first" in cloud("cache", "connection", "sessions", exit_code=1).stderr


def test_queues_are_declared_looked_into_and_purged(cloud: Command) -> None:
    cloud("queue", "create", "events", "--engine", "rabbitmq")
    cloud("queue", "declare", "events", "dead")
    cloud("queue", "declare", "events", "orders", "--max-length", "10", "--dead-letter", "dead")
    assert "dead, orders" in cloud("queue", "list").stdout
    assert "orders" in cloud("queue", "peek", "events", "orders").stdout
    assert cloud("queue", "purge", "events", "orders", "--yes").stderr.endswith("orders of events is empty\n")
    assert "stats list" in cloud("queue", "purge", "events", "nosuch", "--yes", exit_code=4).stderr
    cloud("queue", "remove", "events", "orders", "--yes")
    assert cloud("queue", "delete", "events", "--yes").stderr == "events is deleted\n"


def test_a_shell_is_signed_in_without_the_password_among_its_arguments(
    cloud: Command, tmp_path: Path
) -> None:
    cloud("db", "create", "orders")
    found = json.loads(cloud("db", "connection", "orders", "-o", "json").stdout)
    client = tmp_path / "psql"
    client.write_text('#!/bin/sh\necho "$PGUSER $PGPASSWORD $PGHOST $PGPORT $PGDATABASE" "$@"\n')
    client.chmod(0o755)
    shell = ("db", "shell", "orders", "--", "-c", "SELECT 1")
    said, _ = cloud.start(*shell, PATH=f"{tmp_path}:{os.environ['PATH']}").communicate()
    known = " ".join(str(found[each]) for each in ("username", "password", "host", "port", "database"))
    assert said == f"{known} -c SELECT 1\n"
    # Without one on this machine, the client of the embedded Postgres serves.
    said, _ = cloud.start("db", "shell", "orders", "--", "--version", PATH="").communicate()
    assert said.startswith("psql (PostgreSQL) ")


def test_a_shell_without_a_client_says_what_to_install(cloud: Command) -> None:
    cloud("db", "create", "orders", "--engine", "mariadb")
    missing = cloud.start("db", "shell", "orders", PATH="")
    assert "install mariadb-client" in missing.communicate()[1]
    assert missing.returncode == 1


def test_a_replica_is_asked_for_and_what_is_none_is_not_promoted(cloud: Command) -> None:
    cloud("db", "create", "orders")
    assert cloud("db", "replica", "list", "orders", "-o", "name").stdout == ""
    asked = cloud("db", "replica", "create", "orders", "--as", "orders-r1", "--no-wait", "-o", "json")
    assert json.loads(asked.stdout)[0]["spec"]["replica_of"]["name"] == "orders"
    assert cloud("db", "replica", "list", "orders", "-o", "name").stdout == "orders-r1\n"
    assert "REPLICA OF" in cloud("db", "list").stdout
    assert "follows no other" in cloud("db", "promote", "orders", exit_code=1).stderr
    assert "orders-r1 follow" in cloud("db", "delete", "orders", "--yes", exit_code=1).stderr
    assert "being copied" in cloud("db", "promote", "orders-r1", exit_code=1).stderr
