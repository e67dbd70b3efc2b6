"""Random histories: requests of many users, and accidents in the meantime."""

import asyncio
import random
from collections.abc import Callable
from typing import Any

from httpx import AsyncClient, Response
from hypothesis import strategies as st

from tests.time.conftest import IMAGE, Remembering

Step = tuple[str, int, int]
"""The action, the index of the name of its kind, and the arguments."""

TYPES = ("nano", "micro", "small")
INSTANCES = tuple(f"web-{number}" for number in range(4))
VOLUMES = tuple(f"data-{number}" for number in range(3))
VPCS = ("default", "front")
KEYS = ("ci", "ops")

REFUSALS = {404, 409, 412, 422}
"""Status codes of refusals; all others are errors."""


def _launch(which: int, how: int) -> dict[str, Any]:
    volume = VOLUMES[how % 3]
    return {
        "name": INSTANCES[which % 4],
        "image": IMAGE if how % 8 else "nosuch:1",
        "type": TYPES[how % 3],
        "vpc": VPCS[0 if how % 4 else 1],
        "volumes": [{"volume": volume, "path": "/data"}] if how % 5 == 0 else [],
        "tags": {"n": str(how)},
        "restart": ("always", "on-failure", "never")[how % 3],
    }


_ASKS: dict[str, Callable[[AsyncClient, int, int], Any]] = {
    "launch": lambda http, which, how: http.post("/api/instances", json=_launch(which, how)),
    "start": lambda http, which, _: http.post(f"/api/instances/{INSTANCES[which % 4]}/start"),
    "stop": lambda http, which, _: http.post(f"/api/instances/{INSTANCES[which % 4]}/stop"),
    "reboot": lambda http, which, _: http.post(f"/api/instances/{INSTANCES[which % 4]}/reboot"),
    "terminate": lambda http, which, _: http.delete(f"/api/instances/{INSTANCES[which % 4]}"),
    "resize": lambda http, which, how: http.patch(
        f"/api/instances/{INSTANCES[which % 4]}", json={"type": TYPES[how % 3]}
    ),
    "tag": lambda http, which, how: http.patch(
        f"/api/instances/{INSTANCES[which % 4]}", json={"tags": {f"t{how % 3}": str(how)}}
    ),
    "volume": lambda http, which, how: http.post(
        "/api/volumes", json={"name": VOLUMES[which % 3], "size_gb": how % 5 + 1}
    ),
    "attach": lambda http, which, how: http.post(
        f"/api/volumes/{VOLUMES[which % 3]}/attach",
        json={"instance": INSTANCES[how % 4], "path": "/more"},
    ),
    "detach": lambda http, which, _: http.post(f"/api/volumes/{VOLUMES[which % 3]}/detach"),
    "forget": lambda http, which, _: http.delete(f"/api/volumes/{VOLUMES[which % 3]}"),
    "vpc": lambda http, _, how: http.post("/api/vpcs", json={"name": "front", "tags": {"n": str(how)}}),
    "demolish": lambda http, _which, _how: http.delete("/api/vpcs/front"),
    "key": lambda http, which, _: http.post("/api/keys", json={"name": KEYS[which % 2], "role": "viewer"}),
    "revoke": lambda http, which, _: http.delete(f"/api/keys/{KEYS[which % 2]}"),
}
_ACCIDENTS = ("kill", "crash", "vanish")

steps: st.SearchStrategy[Step] = st.tuples(
    # What makes things comes more often, so that there is something to change.
    st.sampled_from([*_ASKS, *_ACCIDENTS, "launch", "launch", "start", "volume"]),
    st.integers(0, 11),
    st.integers(0, 39),
)


async def carry_out(cloud: Remembering, http: AsyncClient, step: Step) -> None:
    """Take one step; it may be refused."""
    what, which, how = step
    if what in _ACCIDENTS:
        _accident(cloud, what, which)
        return
    answer: Response = await _ASKS[what](http, which, how)
    assert answer.status_code == 202 or answer.status_code in REFUSALS, (step, answer.text)


async def live(cloud: Remembering, http: AsyncClient, seed: int, count: int) -> None:
    """Take many random steps, several in parallel."""
    chosen = random.Random(seed)  # noqa: S311 - a test
    words = [*_ASKS, *_ACCIDENTS, "launch", "launch", "start", "volume"]
    for _ in range(count // 4):
        found = [(chosen.choice(words), chosen.randrange(12), chosen.randrange(40)) for _ in range(4)]
        await asyncio.gather(*(carry_out(cloud, http, step) for step in found))


def _accident(cloud: Remembering, what: str, which: int) -> None:
    running = [id_ for id_, each in cloud.engine.containers.items() if each.state == "running"]
    if running:
        getattr(cloud.engine, what)(running[which % len(running)])
