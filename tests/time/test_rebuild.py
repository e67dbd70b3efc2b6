"""The read model is verified and rebuilt while the cloud is in use."""

import asyncio
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.sql import SQL, Identifier

from adapters.embedded_postgres import EmbeddedPostgres
from adapters.event_store.audit import audit
from projections.renewal import renew
from projections.verify import Comparison, compare
from tests.time.conftest import Remembering, accepted
from tests.time.histories import live


async def settled(cloud: Remembering) -> None:
    """Wait until reads show everything that was written."""

    async def caught_up() -> bool:
        ready = await cloud.get("/health/ready")
        return ready["position"] == ready["visible"]

    await cloud.until(caught_up, "reads show everything")


def differences(url: str) -> list[str]:
    """Return all findings of a verification."""
    return [*compare(url).differences, *audit(url)]


def test_a_busy_cloud_is_as_its_log_says(cloud: Remembering) -> None:
    async def verify() -> tuple[Comparison, list[str]]:
        busy = asyncio.create_task(live(cloud, cloud.http, seed=1, count=400))
        comparison = await asyncio.to_thread(compare, cloud.database_url)
        flaws = await asyncio.to_thread(audit, cloud.database_url)
        await busy
        return comparison, flaws

    comparison, flaws = cloud.run(verify())
    assert comparison.differences == []
    assert flaws == []
    cloud.run(settled(cloud))
    assert differences(cloud.database_url) == []
    # Every event of this history, whoever wrote it, has causes that begin with a key or the set-up.
    rows = cloud.query("SELECT notification_id, causation, actor FROM events")
    events = {position: (causation, actor) for position, causation, actor in rows}
    for causation, actor in events.values():
        cause = causation
        while cause is not None:
            causation, actor = events[cause]  # noqa: PLW2901 - walked back
            cause = causation
        assert actor.startswith("key-") or actor == "system:setup"


DAMAGES = {
    """UPDATE read_model.versions SET document = jsonb_set(document::jsonb, '{status}', '"lost"')
       WHERE position = 2""": "status in the version of",
    "DELETE FROM read_model.versions WHERE position = 2": "at position 2 is missing",
    """INSERT INTO read_model.versions SELECT resource_id, 99, document FROM read_model.versions
       WHERE position = 2""": "at position 99 has no event",
    "UPDATE read_model.resources SET ended_position = 3 WHERE kind = 'vpc'": "the row of",
    "DELETE FROM claims WHERE scope = 'subnet'": "vpc default does not hold 10.192.0.0/24 in subnet",
    """INSERT INTO claims SELECT 'host-port', '80', owner, NULL, now() FROM claims
       LIMIT 1""": "holds 80 in host-port, which it should not",
    """INSERT INTO secrets SELECT gen_random_uuid(), owner, '', '' FROM claims
       LIMIT 1""": "is kept though nothing refers to it",
    "UPDATE events SET causation = NULL WHERE topic = 'vpc.became_available'": "has no cause",
    "UPDATE events SET causation = 99 WHERE topic = 'vpc.became_available'": "which is no earlier event",
    """UPDATE events SET recorded_at = recorded_at - interval '1 day'
       WHERE notification_id = 3""": "has an earlier time",
    "DELETE FROM events WHERE topic = 'vpc.create_requested'": "though its newest is number 2",
    "UPDATE events SET state = '{}' WHERE topic = 'access_key.issued'": "cannot be replayed",
}
"""Damages of a database, and the reported findings."""


def test_each_damage_is_told(cloud: Remembering, postgres: EmbeddedPostgres) -> None:
    cloud.stop()
    name = Identifier(str(conninfo_to_dict(cloud.database_url)["dbname"]))
    assert differences(cloud.database_url) == []
    with psycopg.connect(postgres.url("postgres"), autocommit=True) as admin:
        for damage, sentence in DAMAGES.items():
            admin.execute(SQL("CREATE DATABASE damaged TEMPLATE {}").format(name))
            with psycopg.connect(postgres.url("damaged")) as connection:
                connection.execute(damage.encode())
            found = differences(postgres.url("damaged"))
            assert any(sentence in each for each in found), (damage, found)
            admin.execute("DROP DATABASE damaged WITH (FORCE)")
    cloud.start()


def test_a_renewal_repairs_and_the_projector_goes_on_from_it(cloud: Remembering) -> None:
    cloud.stop()
    damage = "UPDATE read_model.versions SET document = jsonb_set(document::jsonb, '{name}', '\"lost\"')"
    with psycopg.connect(cloud.database_url) as connection:
        connection.execute(damage + " WHERE document->>'name' = 'default'")
    cloud.start()
    cloud.run(tag(cloud, "before"))
    assert any("'lost'" in each for each in differences(cloud.database_url))
    cloud.run(renew(cloud.database_url))
    cloud.run(tag(cloud, "after"))
    assert differences(cloud.database_url) == []
    assert cloud.run(cloud.get("/api/vpcs/default"))["tags"] == {"at": "after"}


async def tag(cloud: Remembering, value: str) -> None:
    """Change a resource, and check that the change is visible."""
    answer = await cloud.http.patch("/api/vpcs/default", json={"tags": {"at": value}})
    assert accepted(answer)["tags"] == {"at": value}


def test_reads_neither_fail_nor_go_back_during_a_renewal(cloud: Remembering) -> None:
    async def under_load() -> None:
        await live(cloud, cloud.http, seed=2, count=100)
        before = await cloud.get("/api/resources", ended=True, limit=1000)
        ended = asyncio.Event()
        readers = [asyncio.create_task(read(cloud, before, ended)) for _ in range(4)]
        writer = asyncio.create_task(live(cloud, cloud.http, seed=3, count=200))
        renewals = 0
        while not writer.done() or renewals < 3:
            await renew(cloud.database_url)
            renewals += 1
        ended.set()
        await writer
        assert sum(await asyncio.gather(*readers)) > 50
        await settled(cloud)

    cloud.run(under_load())
    assert differences(cloud.database_url) == []
    schemas = cloud.query("SELECT nspname FROM pg_namespace WHERE nspname ~ '^read_model'")
    assert schemas == [("read_model",)]


async def read(cloud: Remembering, before: dict[str, Any], ended: asyncio.Event) -> int:
    """Read repeatedly; return the number of reads."""
    count = position = 0
    while not ended.is_set():
        page = await cloud.get("/api/resources", limit=1)
        assert page["position"] >= position
        position = page["position"]
        then = await cloud.get("/api/resources", ended=True, limit=1000, as_of=before["position"])
        assert then == before
        count += 1
    return count
