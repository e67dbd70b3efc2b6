"""No secret is visible: in a response, an event, a table, a log line or an error."""

import json
import sys
from collections.abc import Callable, Generator
from typing import LiteralString

import psycopg
import pytest
from psycopg import sql

from miniaws import telemetry
from tests.http.in_process import CANARY, WAIT, Cloud, done

LAUNCH = {
    "name": "web-1",
    "image": "nginx:1.27",
    "env": {"TOKEN": CANARY, "URL": f"http://a:{CANARY}@b"},
    "user_data": f"password={CANARY}",
}
_TABLES: LiteralString = (
    "SELECT table_schema, table_name FROM information_schema.tables"
    " WHERE table_schema NOT IN ('pg_catalog', 'information_schema')"
)


async def _everything(database_url: str) -> str:
    """Return every row of every table as text, with decoded byte strings."""
    found: list[str] = []
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        for schema, table in await (await connection.execute(_TABLES)).fetchall():
            query = sql.SQL("SELECT * FROM {}").format(sql.Identifier(schema, table))
            async for row in await connection.execute(query):
                found += [each.decode("latin-1") if isinstance(each, bytes) else str(each) for each in row]
    return "\n".join(found)


async def _use(cloud: Cloud) -> str:
    """Run every operation on an instance and a key, and return all responses as text."""
    admin = cloud.admin
    answers = [
        await admin.post("/api/instances", json=LAUNCH, headers={**WAIT, "Idempotency-Key": "a"}),
        await admin.post("/api/instances", json=LAUNCH, headers={"Idempotency-Key": "a"}),
        await admin.post("/api/instances", json=LAUNCH),
        await admin.post("/api/instances", json={**LAUNCH, "name": "Bad"}),
        await admin.post("/api/instances", json={**LAUNCH, "name": "w", "nmae": CANARY}),
        await admin.post("/api/instances", json={**LAUNCH, "name": "w", "env": {"TOKEN": [CANARY]}}),
        await admin.post("/api/instances", json={**LAUNCH, "name": "w", "env": {"TOKEN": f"{CANARY}\0"}}),
        await admin.post("/api/instances", json={**LAUNCH, "name": "w", "user_data": f"#!{CANARY}"}),
        await admin.post("/api/instances", json={**LAUNCH, "name": "w", "user_data": CANARY * 2000}),
        await admin.post("/api/instances", json={**LAUNCH, "name": "w", "image": "nosuch:1"}),
        await admin.post("/api/instances", content=f'{{"env": {{"TOKEN": "{CANARY}"'),
        await admin.post("/api/instances/web-1/exec", json={"command": ["true", f"--password={CANARY}"]}),
        await cloud.client(f"miniaws_{CANARY}{'x' * 30}").get("/api/vpcs"),
        await cloud.client(None).get("/api/vpcs", headers={"Authorization": f"Basic {CANARY}"}),
    ]
    document = answers[0].json()
    for path in (
        "/api/instances/web-1",
        f"/api/resources/{document['id']}/history",
        f"/api/resources/{document['id']}/why",
        "/api/resources",
        "/api/timeline",
        "/api/diff?from=0&full=true",
        "/metrics",
        "/api/keys",
        "/api/dashboard/summary",
    ):
        answers.append(await admin.get(path))
        assert answers[-1].status_code == 200, path
    cloud.engine.fail("containers.stop", RuntimeError(f"a defect with {CANARY}"), 1)
    answers.append(await admin.post("/api/instances/web-1/stop", headers=WAIT))
    return "\n".join(answer.text for answer in answers)


@pytest.fixture
def logs(capfd: pytest.CaptureFixture[str]) -> Generator[Callable[[], list[str]]]:
    """Return the log lines of this process so far; loggers keep their first destination."""

    def lines() -> list[str]:
        return capfd.readouterr().err.splitlines()

    _forget_loggers()
    yield lines
    _forget_loggers()


def _forget_loggers() -> None:
    for name, module in list(sys.modules.items()):
        if name.startswith(("miniaws", "adapters")) and hasattr(module, "_log"):
            vars(vars(module)["_log"]).pop("bind", None)


async def test_no_secret_is_ever_seen_again(
    logs: Callable[[], list[str]], cloud: Cloud, prepared_url: str
) -> None:
    telemetry.configure_logs(cloud.settings.model_copy(update={"log_level": "debug"}))
    _forget_loggers()
    issued = done(await cloud.admin.post("/api/keys", json={"name": "ci", "role": "admin"}))
    shown = issued["key"]
    answers = await _use(cloud)
    lines = "\n".join(logs())
    tables = await _everything(prepared_url)
    assert "web-1" in answers
    assert "launch_requested" in tables
    assert '"path": "/api/instances"' in lines
    assert "a defect with" in lines
    for place, text in (("answers", answers), ("tables", tables)):
        assert CANARY not in text, place
    for place, text in (("answers", answers), ("tables", tables), ("logs", lines)):
        assert shown not in text, place
        assert cloud.key not in text, place


async def test_log_lines_are_json_and_redacted(logs: Callable[[], list[str]], cloud: Cloud) -> None:
    telemetry.configure_logs(cloud.settings.model_copy(update={"log_level": "info"}))
    _forget_loggers()
    await cloud.admin.get(f"/api/vpcs?name={CANARY}")
    lines = [json.loads(line) for line in logs()]
    (request,) = [line for line in lines if line["event"] == "request"]
    assert (request["method"], request["path"], request["status"]) == ("GET", "/api/vpcs", 200)
    assert {"ms", "request_id", "key", "timestamp", "level"} <= set(request)
    assert request["key"].startswith("key-")
    assert CANARY not in str(lines), "the query may hold a secret"


async def test_a_secret_is_gone_with_its_instance(cloud: Cloud, prepared_url: str) -> None:
    done(await cloud.admin.post("/api/instances", json=LAUNCH, headers=WAIT), "running")
    (container,) = cloud.engine.containers.values()
    assert container.spec.environment["TOKEN"] == CANARY
    done(await cloud.admin.delete("/api/instances/web-1", headers=WAIT), "terminated")
    async with await psycopg.AsyncConnection.connect(prepared_url) as connection:
        assert await (await connection.execute("SELECT * FROM secrets")).fetchall() == []
