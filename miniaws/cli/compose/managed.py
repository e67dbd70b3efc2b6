"""Services that run a database, a cache or a queue, as managed servers."""

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from miniaws.cli.compose import sizes
from miniaws.cli.compose.instance import REASONS, limits
from miniaws.cli.compose.ports import ports
from miniaws.cli.compose.section import Section
from miniaws.cli.compose.source import Node
from miniaws.cli.compose.variables import Unresolved

_IMAGE = re.compile(r"(?:docker\.io/)?(?:library/)?([a-z]+)(?::([\w.-]+))?(?:@sha256:[0-9a-f]+)?")
_IDENTIFIER = re.compile(r"[a-z][a-z0-9_]{0,62}")
_RESERVED = {"miniaws", "postgres", "root", "mysql", "mariadb", "public", "sys", "guest", "default"}
_EVICTIONS = {
    "noeviction",
    "volatile-ttl",
    *(f"{keys}-{order}" for keys in ("allkeys", "volatile") for order in ("lru", "lfu", "random")),
}
_FOR_KEYS = 0.75
"""The part of the memory of a cache that holds keys."""
_GENERATED = "a managed server has a password of its own: see its `connection`"
_REASONS = {
    **REASONS,
    "volumes": "a managed server has a volume of its own: move the data with the tools of the server",
    "restart": "a managed server is always restarted",
    "command": "give settings of the server as `parameters`",
    "entrypoint": "a managed server runs a program of its own",
    "healthcheck": "a managed server checks itself",
    "labels": "see `tags`",
}


@dataclass(frozen=True, slots=True)
class _Server:
    """How a service with an image becomes a managed server."""

    kind: str
    engine: str
    port: int
    fields: Mapping[str, str]
    """The fields of the server by the variables that give them."""


_SERVERS = {
    "postgres": _Server("database", "postgres", 5432, {"POSTGRES_USER": "user", "POSTGRES_DB": "database"}),
    **{
        name: _Server(
            "database",
            name,
            3306,
            {
                f"{prefix}_{variable}": field
                for prefix in ("MYSQL", "MARIADB")
                for variable, field in (("USER", "user"), ("DATABASE", "database"))
            },
        )
        for name in ("mysql", "mariadb")
    },
    "redis": _Server("cache", "redis", 6379, {}),
    "valkey": _Server("cache", "valkey", 6379, {}),
    "rabbitmq": _Server(
        "queue",
        "rabbitmq",
        5672,
        {"RABBITMQ_DEFAULT_USER": "username", "RABBITMQ_DEFAULT_VHOST": "namespace"},
    ),
    "nats": _Server("queue", "nats", 4222, {}),
}


def kind_of(service: Section) -> str | None:
    """Return the kind of managed server that a service could be; None if it runs another image."""
    found = _match(service)
    return None if found is None else _SERVERS[found[1]].kind


def server(service: Section, vpc: str | None) -> dict[str, Any]:
    """Return the body that creates the managed server of a service, without name and tags."""
    match, image = _match(service), service.take("image")
    if match is None or image is None:
        raise ValueError(f"{service.path} runs no server of a known kind")
    known = _SERVERS[match[1]]
    if match[2]:
        service.say("image", image, f"set `version` if the one of this cloud does not fit: it was {match[2]}")
    _, memory_mb = limits(service)
    spec: dict[str, Any] = {
        "engine": known.engine,
        "vpc": vpc,
        "publish": _publish(service, known.port),
        **_fields(service, known),
    }
    if known.kind == "cache":
        spec |= _cache(service)
    if known.kind != "database" and memory_mb is not None:
        spec.setdefault("memory_mb", memory_mb)
    service.close(_REASONS)
    return {key: value for key, value in spec.items() if value is not None}


def _match(service: Section) -> re.Match[str] | None:
    image = (service.node.mapping or {}).get("image")
    try:
        text = service.of.variables.resolve((image and image.text) or "")
    except Unresolved:
        return None
    match = _IMAGE.fullmatch(text)
    return match if match is not None and match[1] in _SERVERS else None


def _publish(service: Section, port: int) -> int | None:
    """Take the ports, and return the host port of the one that a managed server has."""
    node = (service.node.mapping or {}).get("ports", service.node)
    found = {each["port"]: each.get("publish") for each in ports(service)}
    for other in found.keys() - {port}:
        service.lose("ports", node, f"a managed server has the port {port}, not {other}")
    return found.get(port)


def _fields(service: Section, known: _Server) -> dict[str, str]:
    """Take the variables that have fields; passwords are generated, and everything else is noted."""
    found: dict[str, str] = {}
    for name, node in service.pairs("environment").items():
        key = f"environment.{name}"
        if "PASS" in name:
            service.lose(key, node, _GENERATED)
        elif (field := known.fields.get(name)) is None:
            service.lose(key, node, "a managed server has fields instead of variables")
        elif (value := service.resolved(key, node)) is not None:
            if _IDENTIFIER.fullmatch(value) and value not in _RESERVED:
                found[field] = value
            else:
                service.lose(key, node, f"{value!r} cannot be the {field} of a managed server")
    return found


def _cache(service: Section) -> dict[str, Any]:
    """Take the options of `redis-server` that have fields."""
    taken = service.take("command")
    if taken is None:
        return {}
    text = taken.text if taken.text is not None else shlex.join(each.text or "" for each in taken.elements)
    words = re.split(r"\s+--", f" {text}")[1:]
    found: dict[str, Any] = {}
    for option, _, value in (each.partition(" ") for each in words):
        found |= _option(service, taken, option, value.strip())
    return found


def _option(service: Section, node: Node, option: str, value: str) -> dict[str, Any]:
    match option:
        case "appendonly" if value in {"yes", "no"}:
            return {"persistence": "aof"} if value == "yes" else {}
        case "maxmemory-policy" if value in _EVICTIONS:
            return {"eviction": value}
        case "maxmemory":
            return _memory(service, node, value)
        case "requirepass":
            service.lose("command", node, f"--{option}: {_GENERATED}")
        case _:
            service.lose("command", node, f"--{option}: see `parameters`")
    return {}


def _memory(service: Section, node: Node, value: str) -> dict[str, Any]:
    try:
        return {"memory_mb": round(sizes.megabytes(service.of.variables.resolve(value)) / _FOR_KEYS)}
    except (ValueError, Unresolved) as error:
        service.lose("command", node, f"--maxmemory: {error}")
        return {}
