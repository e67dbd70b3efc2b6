"""As-of reads show the state at that moment, and a diff leads from one moment to another."""

import asyncio
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from httpx import AsyncClient
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from projections.changes import patch
from tests.samples import ROUNDS, sample
from tests.time.conftest import Remembering, accepted
from tests.time.histories import Step, carry_out, steps

LOOKS = 25
"""Number of observations of a history."""
CHECKS = sample(100, 10 * ROUNDS)

histories = st.lists(st.lists(steps, min_size=1, max_size=4), min_size=LOOKS, max_size=LOOKS)

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Look:
    """The whole state, as observed at the time."""

    position: int
    documents: list[Document]


async def estate(http: AsyncClient, limit: int, **params: Any) -> Look:
    """Read every resource, existing or ended, page by page."""
    found: list[Document] = []
    cursor: str | None = None
    while True:
        asked = {**params, "limit": limit, "ended": True, **({"cursor": cursor} if cursor else {})}
        answer = await http.get("/api/resources", params=asked)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        found += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return Look(page["position"], found)


def living(look: Look) -> dict[str, Document]:
    """Return the existing resources, by id."""
    ended = {"terminated", "deleted", "revoked"}
    return {each["id"]: each for each in look.documents if each["status"] not in ended}


async def account(cloud: Remembering, name: str) -> AsyncClient:
    """Return a client for a new account."""
    issued = await cloud.http.post("/api/keys", json={"name": "root", "role": "admin", "account": name})
    return cloud.client(accepted(issued)["key"])


async def check(cloud: Remembering, http: AsyncClient, history: list[list[Step]]) -> None:
    """Run a history and observe it; then compare with as-of reads."""
    looks: list[Look] = []
    for group in history:
        await asyncio.gather(*(carry_out(cloud, http, step) for step in group))
        looks.append(await estate(http, limit=10))
    for look in looks:
        again = await estate(http, limit=500, as_of=look.position)
        assert again == look
        for document in look.documents[look.position % 15 :: 15]:
            assert await cloud.get(f"/api/resources/{document['id']}", http, as_of=look.position) == document
    await check_differences(cloud, http, looks)


async def check_differences(cloud: Remembering, http: AsyncClient, looks: list[Look]) -> None:
    """Apply the diff of two observations to the earlier one."""
    for before, after in [*pairwise(looks), (looks[0], looks[-1])]:
        span = {"from": before.position, "to": after.position}
        found = await cloud.get("/api/diff", http, full=True, **span)
        difference = {
            "created": {each["id"]: each for each in found["created"]},
            "deleted": {each["id"]: each for each in found["deleted"]},
            "changed": {each["id"]: each["changes"] for each in found["changed"]},
        }
        assert patch(living(before), difference) == living(after)
        assert {each["id"]: each for each in found["deleted"]}.items() <= living(before).items()


def test_as_of_equals_what_was_seen(cloud: Remembering) -> None:
    count = 0

    @settings(
        max_examples=CHECKS // LOOKS,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(histories)
    def one_history(history: list[list[Step]]) -> None:
        nonlocal count
        count += 1
        http = cloud.run(account(cloud, f"a{count}"))
        cloud.run(check(cloud, http, history))
        cloud.run(http.aclose())

    one_history()
    assert count * LOOKS >= CHECKS
