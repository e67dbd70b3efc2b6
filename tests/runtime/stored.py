"""A store and containers that an earlier version made, as ``before_networks.json`` holds them.

The version before networks wrote that file: its own API made what is in it, on simulated containers.
"""

import json
from base64 import b64decode
from datetime import datetime
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from adapters.memory import MemoryEngine
from adapters.memory.engine import MemoryContainer, MemoryNetwork, MemoryVolume
from domain.ports import ContainerSpec, File, Mount, PublishedPort

Row = dict[str, Any]


def read(name: str) -> dict[str, Any]:
    """Return what a file beside this one holds."""
    return json.loads((Path(__file__).parent / name).read_text())


def fill(database_url: str, stored: dict[str, Any], home: Path) -> None:
    """Write the events, claims and secrets into an empty store, and the key of the secrets beside it."""
    key = home / "master.key"
    key.touch(mode=0o600)
    key.write_bytes(b64decode(stored["master_key"]))
    with psycopg.connect(database_url) as connection:
        for table in ("events", "claims", "secrets"):
            for row in stored[table]:
                connection.execute(_insert(table, row), [_value(each) for each in row.values()])
        connection.execute(
            "SELECT setval(pg_get_serial_sequence('events', 'notification_id'), max(notification_id)) FROM events"
        )


def put_containers(engine: MemoryEngine, stored: dict[str, Any]) -> None:
    """Put the networks, volumes and containers into an engine, as they were."""
    for id_, each in stored["networks"].items():
        engine.networks[id_] = MemoryNetwork(each["account_id"], IPv4Network(each["range"]))
    for id_, each in stored["volumes"].items():
        engine.volumes[id_] = MemoryVolume(each["account_id"], each["size_gb"])
    for each in stored["containers"]:
        spec = _spec(each.pop("spec"))
        times: Row = {
            name: each[name] and datetime.fromisoformat(each[name]) for name in ("started_at", "finished_at")
        }
        fields: Row = {**each, **times}
        engine.containers[spec.resource_id] = MemoryContainer(spec, **fields)


def _spec(given: Row) -> ContainerSpec:
    parts: Row = {
        "command": tuple(given["command"]),
        "capabilities": tuple(given["capabilities"]),
        "ports": tuple(PublishedPort(**each) for each in given["ports"]),
        "mounts": tuple(Mount(**each) for each in given["mounts"]),
        "files": {path: _file(each) for path, each in given["files"].items()},
    }
    return ContainerSpec(**{**given, **parts})


def _file(given: Row) -> File:
    fields: Row = {**given, "content": b64decode(given["content"]["base64"])}
    return File(**fields)


def _insert(table: str, row: Row) -> sql.Composed:
    columns = sql.SQL(", ").join(map(sql.Identifier, row))
    values = sql.SQL(", ").join(sql.Placeholder() * len(row))
    return sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(sql.Identifier(table), columns, values)


def _value(given: Any) -> Any:
    if not isinstance(given, dict):
        return given
    return b64decode(given["base64"]) if given.keys() == {"base64"} else Jsonb(given)
