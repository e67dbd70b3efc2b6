"""A rewind beside the same restores by hand, and how long one takes that restores no database."""

import secrets
import time
from datetime import datetime
from statistics import median
from typing import Any

from adapters.docker import engine_sweep
from benchmarks import machine, servers, tables
from benchmarks.launch import ask
from benchmarks.restore import CLASS, fill, url_of, window
from domain.status import USABLE
from miniaws.settings import Settings

ROUNDS = 3
DATA_MIB = 48
AIM = 1.2
CONFIGURATION_AIM_S = 2.0
IMAGE = "miniaws/hello:local"


def run() -> None:
    """Measure by turns, on the same engine, with the same limits."""
    host, name = Settings().docker_host, f"mawbench-{secrets.token_hex(3)}"
    settings = {"MINIAWS_CLOUD": name, "MINIAWS_TRASH_MIN_FREE_GB": "0"}
    try:
        with machine.home() as place, servers.cloud(place, **settings) as cloud:
            servers.poll(lambda: _status(cloud, "vpcs/default") == "available", "the default VPC")
            _configuration(cloud)
            _database(cloud)
    finally:
        engine_sweep.sweep(host, name)


def _configuration(cloud: servers.Cloud) -> None:
    """Measure the return of a terminated instance, and of changed tags."""
    ask(cloud, "POST", "/api/instances", {"name": "web", "image": IMAGE, "type": "nano"})
    by_hand: list[float] = []
    rewound: list[float] = []
    tagged: list[float] = []
    for number in range(ROUNDS):
        made = ask(cloud, "GET", "/api/instances/web", None)["id"]
        ask(cloud, "DELETE", "/api/instances/web", None)
        by_hand.append(
            _timed(lambda made=made: ask(cloud, "POST", f"/api/trash/{made}/restore", {"name": "web"}))
        )
        then = _position(cloud)
        ask(cloud, "DELETE", "/api/instances/web", None)
        rewound.append(_timed(lambda then=then: _rewind(cloud, then, name="web")))
        then = _position(cloud)
        ask(cloud, "PATCH", "/api/instances/web", {"tags": {"release": str(number)}})
        tagged.append(_timed(lambda then=then: _rewind(cloud, then, name="web")))
    print("\nrewind without a database (medians)")
    tables.show("a terminated instance, restored by hand", median(by_hand), "s")
    tables.show("a terminated instance, rewound", median(rewound), "s", at_most=CONFIGURATION_AIM_S)
    tables.show("times as long", tables.ratio(rewound, by_hand), "")
    tables.show("changed tags, rewound", median(tagged), "s", at_most=CONFIGURATION_AIM_S)


def _database(cloud: servers.Cloud) -> None:
    """Measure the restore in place of databases that are alike, until they can be used."""
    by_hand: list[float] = []
    rewound: list[float] = []
    for number in range(ROUNDS):
        name, other = f"hand-{number}", f"plan-{number}"
        to = _filled(cloud, name)
        by_hand.append(_timed(lambda name=name, to=to: _restore(cloud, name, to)))
        to = _filled(cloud, other)
        rewound.append(
            _timed(lambda other=other, to=to: _rewind(cloud, to.isoformat(), data="rewind", name=other))
        )
        for each in (name, other):
            ask(cloud, "DELETE", f"/api/databases/{each}?keep_backups=false&purge=true", None)
    print(f"\nrewind of a database with {DATA_MIB} MiB, until it can be used (medians)")
    tables.show("restored in place by hand", median(by_hand), "s")
    tables.show("rewound by a plan", median(rewound), "s")
    tables.show("times as long", tables.ratio(rewound, by_hand), "", at_most=AIM)


def _filled(cloud: servers.Cloud, name: str) -> datetime:
    """Create a database, and return a moment to which it can be restored."""
    body = {"name": name, "class": CLASS, "backup": {"drill_schedule": None}}
    ask(cloud, "POST", "/api/databases", body)
    servers.poll(lambda: window(cloud, name) is not None, "a first backup")
    to = fill(url_of(cloud, name), DATA_MIB)
    fill(url_of(cloud, name), 1)
    servers.poll(lambda: (window(cloud, name) or to) > to, "the log in the archive")
    return to


def _restore(cloud: servers.Cloud, name: str, to: datetime) -> None:
    before = ask(cloud, "GET", f"/api/databases/{name}", None)["id"]
    body = {"to": to.isoformat(), "in_place": True}
    ask(cloud, "POST", f"/api/databases/{name}/restore", body)

    def is_replaced() -> bool:
        found = ask(cloud, "GET", f"/api/databases/{name}", None)
        return found["id"] != before and found["status"] in USABLE

    servers.poll(is_replaced, f"{name} can be used")


def _rewind(cloud: servers.Cloud, to: str, *, data: str = "keep", **scope: str) -> None:
    plan = ask(cloud, "POST", "/api/plans", {"type": "rewind", "to": to, "data": data, "scope": scope})
    ask(cloud, "POST", f"/api/plans/{plan['id']}/apply", None)
    servers.poll(lambda: _status(cloud, f"plans/{plan['id']}") != "applying", "the end of the plan")
    ended = ask(cloud, "GET", f"/api/plans/{plan['id']}", None)
    if ended["status"] != "applied":
        raise RuntimeError(f"the plan has failed: {ended['observed']['steps']}")


def _position(cloud: servers.Cloud) -> str:
    return str(ask(cloud, "GET", "/api/timeline?limit=1", None)["items"][0]["position"])


def _status(cloud: servers.Cloud, path: str) -> Any:
    return ask(cloud, "GET", f"/api/{path}", None)["status"]


def _timed(what: Any) -> float:
    started = time.perf_counter()
    what()
    return time.perf_counter() - started


if __name__ == "__main__":
    run()
