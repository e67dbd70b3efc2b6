"""How long planning takes: the difference of two estates of 10,000 resources, of which a part differs."""

import time
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from statistics import median
from typing import Any

from benchmarks import tables
from domain.plan import Estate, Identity, Resource, estate
from domain.plan.difference import plan
from domain.plan.options import Mode, Options

ROUNDS = 5
RESOURCES = 10_000
PER_VPC = 100
CHANGED = 10
"""One resource in this number differs."""
AIM_S = 1.0
REWIND = Options(mode=Mode.REWIND, to="2026-11-23T10:02:11Z")


def run() -> None:
    """Measure a plan without a difference, one with many, and the creation of everything."""
    current = _estate()
    copies = deepcopy(current)
    changed = estate(_changed(each, number) for number, each in enumerate(deepcopy(current).values()))
    cases: dict[str, Callable[[], Any]] = {
        "nothing differs": lambda: plan(copies, current, options=REWIND),
        f"one in {CHANGED} differs": lambda: plan(changed, current, options=REWIND),
        "all of it is created": lambda: plan(current, {}, options=REWIND),
    }
    print(f"\nplanning {len(current):,} resources")
    bound = median(_timed(lambda: _compared(copies, current)) for _ in range(ROUNDS))
    for name, case in cases.items():
        took = median(_timed(case) for _ in range(ROUNDS))
        tables.show(name, took, "s", at_most=AIM_S)
        print(f"    {len(case()):,} steps; {took / bound:.0f} times as long as to compare all fields once")


def _compared(one: Estate, other: Estate) -> int:
    """Return how many resources are equal: the least that anybody would have to do."""
    return sum(each.spec == other[key].spec and each.tags == other[key].tags for key, each in one.items())


def _timed(what: Callable[[], Any]) -> float:
    """Return the time that our process had: what others do on the machine does not count."""
    started = time.process_time()
    what()
    return time.process_time() - started


def _estate() -> Estate:
    found: list[Resource] = []
    for number in range(RESOURCES // PER_VPC):
        vpc = f"vpc-{number}"
        found.append(_resource("vpc", vpc, cidr=f"10.{number}.0.0/24"))
        for index in range((PER_VPC - 1) // 3):
            name = f"{number}-{index}"
            found.append(_resource("volume", name, size_gb=None, snapshot_policy=None))
            found.append(
                _resource("instance", name, **_INSTANCE, vpc=vpc, volumes=[{"volume": name, "path": "/d"}])
            )
            found.append(_resource("cache", name, **_CACHE, vpc=vpc))
    return estate(found)


_INSTANCE: dict[str, Any] = {
    "image": "one",
    "type": "micro",
    "command": ["/bin/app", "--serve"],
    "env": {"TOKEN": {"use_previous_value": True}},
    "ports": [{"port": 80, "publish": None}],
    "restart": "always",
    "stop_signal": None,
}
_CACHE: dict[str, Any] = {
    "engine": "redis",
    "version": "7",
    "memory_mb": 64,
    "persistence": "none",
    "parameters": {},
    "publish": None,
}


def _resource(kind: str, name: str, **spec: Any) -> Resource:
    return Resource(kind, name, spec, {"env": "test"}, None, Identity(f"{kind}-{name}", 1, "available"))


def _changed(resource: Resource, number: int) -> Resource:
    if number % CHANGED:
        return resource
    if resource.kind == "instance":
        return replace(resource, spec={**resource.spec, "image": "two"})
    return replace(resource, tags={"env": "live"})
