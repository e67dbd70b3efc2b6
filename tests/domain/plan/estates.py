"""Random estates for the tests of plans."""

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from domain.plan import Estate, Resource, estate
from domain.plan.secrets import USE_PREVIOUS_VALUE

_NAMES = ("a", "b", "c")
_RANGES = {"default": "10.0.0.0/24", "a": "10.1.0.0/24", "b": "10.2.0.0/24"}
_TAGS: st.SearchStrategy[dict[str, str]] = st.dictionaries(
    st.sampled_from(["env", "team"]), st.sampled_from(["x", "y"]), max_size=2
)
_RUNNING = st.sampled_from((True, True, True, False))


class _Ports:
    """Hands out ports of the host once."""

    def __init__(self) -> None:
        self.taken: set[int] = set()

    def draw(self, draw: st.DrawFn) -> int | None:
        wanted = draw(st.sampled_from((None, 8001, 8002, 8003)))
        if wanted in self.taken:
            return None
        if wanted is not None:
            self.taken.add(wanted)
        return wanted


@st.composite
def estates(draw: st.DrawFn) -> Estate:
    """Return an estate as it could be: every reference exists, every port and volume has one holder."""
    ports = _Ports()
    vpcs = ["default", *draw(_some(_NAMES[:2]))]
    volumes = draw(_some(_NAMES))
    found = [Resource("vpc", name, {"cidr": _RANGES[name]}, {}) for name in vpcs]
    found += _in_vpcs(draw, vpcs)
    found += [_volume(draw, name) for name in volumes]
    found += [_cache(draw, name) for name in draw(_some(_NAMES[:2]))]
    found += [_queue(draw, name) for name in draw(_some(_NAMES[:2]))]
    found += _databases(draw)
    found += _instances(draw, vpcs, volumes, ports)
    found += _balancers(draw, vpcs, [each for each in found if each.kind == "instance"], ports)
    found += _groups(draw, vpcs, [each for each in found if each.kind == "load_balancer"])
    return estate(found)


def _some(names: Sequence[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(names), unique=True, max_size=len(names)).map(sorted)


def _in_vpcs(draw: st.DrawFn, vpcs: Sequence[str]) -> list[Resource]:
    """Return subnets and security groups, which may name each other; default ones are there when they are changed."""
    found: list[Resource] = []
    for vpc in vpcs:
        for name in draw(_some(("a", "b"))):
            access = {"public": draw(st.booleans()), "internet": draw(st.booleans())}
            cidr = f"{_RANGES[vpc].removesuffix('0/24')}{64 * (name == 'b')}/26"
            found.append(Resource("subnet", name, {"vpc": vpc, "cidr": cidr, **access}, draw(_TAGS)))
        names = draw(_some(("a", "b", "default")))
        for name in names:
            spec = {
                "vpc": vpc,
                "ingress": draw(_rules([*names, None])),
                "egress": draw(_rules([*names, None])),
            }
            found.append(Resource("security_group", name, spec, {"of": "nobody"}))
    return found


def _rules(names: Sequence[str | None]) -> st.SearchStrategy[list[dict[str, Any]]]:
    def rule(group: str | None) -> dict[str, Any]:
        side = {"cidr": "10.0.0.0/8" if group is None else None, "group": group}
        return {"protocol": "tcp", "from_port": 80, "to_port": 80, "description": "", **side}

    return st.lists(st.sampled_from(names), unique=True, max_size=3).map(
        lambda found: [rule(each) for each in sorted(found, key=str)]
    )


def _volume(draw: st.DrawFn, name: str) -> Resource:
    policy = {
        "schedule": "0 3 * * *",
        "retention_days": draw(st.sampled_from((7, 14))),
        "retention_count": None,
    }
    spec = {"size_gb": None, "snapshot_policy": draw(st.sampled_from((None, policy)))}
    return Resource("volume", name, spec, draw(_TAGS))


def _server(draw: st.DrawFn, **more: Any) -> dict[str, Any]:
    return {
        "version": "7",
        "cpus": draw(st.sampled_from((0.5, 1.0))),
        "memory_mb": draw(st.sampled_from((64, 128))),
        # What cannot be changed in place is always the same here; see the tests of single kinds.
        "vpc": "default",
        "storage_gb": None,
        "deletion_protection": False,
        **more,
    }


def _cache(draw: st.DrawFn, name: str) -> Resource:
    spec = _server(
        draw,
        engine="redis",
        publish=None,
        eviction=draw(st.sampled_from(("noeviction", "allkeys-lru"))),
        persistence="aof",
        parameters=draw(st.sampled_from(({}, {"hz": "10"}))),
    )
    return Resource("cache", name, spec, draw(_TAGS), draw(_RUNNING))


def _queue(draw: st.DrawFn, name: str) -> Resource:
    inside = draw(_some(("orders", "dead", "mails")))
    queues = {
        each: {
            "durable": True,
            "max_length": draw(st.sampled_from((None, 10))),
            "max_age_s": None,
            "dead_letter": draw(st.sampled_from((None, *(other for other in inside if other != each)))),
        }
        for each in inside
    }
    spec = _server(draw, engine="rabbitmq", publish=None, queues=queues)
    return Resource("queue", name, spec, draw(_TAGS), draw(_RUNNING))


def _databases(draw: st.DrawFn) -> list[Resource]:
    found: list[Resource] = []
    for name in draw(_some(_NAMES[:2])):
        spec: dict[str, Any] = {
            "engine": "postgres",
            "version": "17",
            "class": draw(st.sampled_from(("small", "medium"))),
            "parameters": draw(st.sampled_from(({}, {"work_mem": "8192"}))),
            "vpc": "default",
            "publish": None,
            "storage_gb": None,
            "deletion_protection": False,
            "backup": {
                "schedule": "0 3 * * *",
                "retention_count": draw(st.sampled_from((None, 3))),
                "drill_schedule": draw(st.sampled_from((None, "0 4 * * 1"))),
                "synchronous": False,
            },
            "replica_of": None,
        }
        found.append(Resource("database", name, spec, draw(_TAGS), draw(_RUNNING)))
    return found


def _instances(draw: st.DrawFn, vpcs: Sequence[str], volumes: Sequence[str], ports: _Ports) -> list[Resource]:
    free = list(volumes)
    found: list[Resource] = []
    for name in draw(_some(_NAMES)):
        mounted = draw(_some(free)) if free else []
        free = [each for each in free if each not in mounted]
        spec = {
            "image": draw(st.sampled_from(("one", "two"))),
            "type": draw(st.sampled_from(("micro", "small"))),
            "command": [],
            "env": draw(st.sampled_from(({}, {"TOKEN": USE_PREVIOUS_VALUE}))),
            "user_data": "",
            "ports": [{"port": 80, "publish": ports.draw(draw)}],
            "vpc": draw(st.sampled_from(vpcs)),
            "volumes": [
                {"volume": each, "path": draw(st.sampled_from(("/x", "/y"))) + each} for each in mounted
            ],
            "stop_signal": None,
        }
        found.append(Resource("instance", name, spec, draw(_TAGS), draw(_RUNNING)))
    return found


def _balancers(
    draw: st.DrawFn, vpcs: Sequence[str], instances: Sequence[Resource], ports: _Ports
) -> list[Resource]:
    found: list[Resource] = []
    for name in draw(_some(_NAMES[:2])):
        vpc = draw(st.sampled_from(vpcs))
        inside = [each.name for each in instances if each.spec["vpc"] == vpc]
        listening = [port for port in (ports.draw(draw), ports.draw(draw)) if port is not None]
        targets = [_target(draw, instance=each) for each in (draw(_some(inside)) if inside else [])]
        if draw(st.booleans()):
            targets.append(_target(draw, tags={"env": "x"}))
        spec = {
            "vpc": vpc,
            "listeners": [
                {"port": port, "protocol": "http", "target_group": "default"} for port in listening
            ],
            "algorithm": draw(st.sampled_from(("round-robin", "source"))),
            "target_groups": [],
            "certificates": draw(st.sampled_from(({}, {"shop": USE_PREVIOUS_VALUE}))),
            "targets": targets,
        }
        found.append(Resource("load_balancer", name, spec, draw(_TAGS)))
    return found


def _target(draw: st.DrawFn, **what: Any) -> dict[str, Any]:
    weight = draw(st.sampled_from((1, 2)))
    return {
        "target_group": "default",
        "port": draw(st.sampled_from((80, 81))),
        "weight": weight,
        "instance": None,
        "tags": None,
        "address": None,
        **what,
    }


def _groups(draw: st.DrawFn, vpcs: Sequence[str], balancers: Sequence[Resource]) -> list[Resource]:
    found: list[Resource] = []
    for name in draw(_some(_NAMES[:2])):
        vpc = draw(st.sampled_from(vpcs))
        behind = draw(_some([each.name for each in balancers if each.spec["vpc"] == vpc] or ["none"]))
        spec = {
            "template": {
                "image": draw(st.sampled_from(("one", "two"))),
                "env": {},
                "vpc": vpc,
                "stop_signal": None,
            },
            "min": 1,
            "desired": draw(st.sampled_from((1, 2))),
            "max": 3,
            "load_balancers": [
                {"load_balancer": each, "port": 80, "target_group": "default", "weight": 1}
                for each in behind
                if each != "none"
            ],
            "policies": draw(st.sampled_from(({}, {"busy": {"type": "scheduled", "min": 2}}))),
            "suspended": draw(st.sampled_from(([], ["launch"]))),
        }
        found.append(Resource("scaling_group", name, spec, draw(_TAGS)))
    return found
