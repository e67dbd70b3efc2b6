"""The API conforms to its OpenAPI document: schemathesis tests a real server."""

import asyncio
import secrets
import threading
from collections.abc import Generator
from typing import Any

import httpx
import psycopg
import pytest
import schemathesis
import structlog
from hypothesis import HealthCheck, Phase, settings
from psycopg import sql
from pydantic import SecretStr, ValidationError
from schemathesis import checks
from schemathesis.schemas import BaseSchema

from adapters.embedded_postgres import EmbeddedPostgres
from miniaws import bootstrap
from miniaws.settings import Settings
from tests.conftest import free_port
from tests.http.conftest import serving
from tests.http.declared import conforms
from tests.http.in_process import Cloud
from tests.samples import TORTURE, sample

KEPT = (
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
    checks.ignored_auth,
    checks.unsupported_method,
)
"""Without the check that every valid body is accepted: the domain has more rules than the schema."""

# The server runs in a thread of this process, and its pools of connections draw their jitter from `random`.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Do not use the .random. module:hypothesis.errors.HypothesisDeprecationWarning"
)


class Server(threading.Thread):
    """A cloud on a socket, in a separate event loop."""

    def __init__(self, of: Settings) -> None:
        super().__init__(name="server", daemon=True)
        self._settings = of
        self._loop = asyncio.new_event_loop()
        self._ends = asyncio.Event()
        self.ready = threading.Event()
        self.key = ""

    def run(self) -> None:
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        async with serving(self._settings) as api:
            wait = {"Prefer": "wait=20"}
            await api.http.post("/api/volumes", json={"name": "data"}, headers=wait)
            body = {"name": "web-1", "image": "nginx:1.27"}
            await api.http.post("/api/instances", json=body, headers=wait)
            self.key = api.key
            self.ready.set()
            await self._ends.wait()

    def end(self) -> None:
        self._loop.call_soon_threadsafe(self._ends.set)
        self.join(30)


@pytest.fixture(scope="module")
def server(
    postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory
) -> Generator[tuple[str, str]]:
    """Return the URL of a cloud, and the key of its admin."""
    name = f"fuzzed_{secrets.token_hex(4)}"
    with psycopg.connect(postgres.url("postgres"), autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
    found = Settings(
        data_dir=tmp_path_factory.mktemp("fuzzed"),
        database_url=SecretStr(postgres.url(name)),
        port=free_port(),
        engine="memory",
        rate_limit=100_000,
        rate_burst=100_000,
        failed_auth_per_minute=100_000,
    )
    running = Server(found)
    with (found.home / "log").open("w") as log:
        # Each subtest captures stdout and closes the capture, to which the server would still write.
        structlog.configure(logger_factory=structlog.PrintLoggerFactory(log), cache_logger_on_first_use=False)
        running.start()
        assert running.ready.wait(30)
        yield found.url, running.key
        running.end()
        structlog.reset_defaults()


def _asked() -> BaseSchema:
    app = bootstrap.create_api(Settings(engine="memory"), bootstrap.memory_infrastructure())
    found = schemathesis.openapi.from_dict(app.openapi())
    # Every bound of every field, sixty requests an operation, takes minutes: `make torture` does that.
    found.config.phases.coverage.enabled = TORTURE
    # A stream does not end, and to sign out ends what the next request needs.
    return found.exclude(path="/api/dashboard/stream").exclude(path="/api/session")


ASKED = _asked()


@ASKED.parametrize()  # pyright: ignore[reportUntypedFunctionDecorator] - as the library made it
@settings(
    max_examples=sample(3, 15),
    derandomize=True,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)
def test_whatever_is_asked_is_answered_as_documented(
    case: schemathesis.Case[Any], server: tuple[str, str]
) -> None:
    url, key = server
    case.call_and_validate(base_url=url, headers={"Authorization": key}, checks=list(KEPT))


async def test_every_operation_says_who_may_ask_and_what_can_go_wrong(cloud: Cloud) -> None:
    document = (await cloud.client(None).get("/openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    operations = [
        (path, method, operation)
        for path, found in document["paths"].items()
        for method, operation in found.items()
    ]
    assert len({operation["operationId"] for _, _, operation in operations}) == len(operations)
    for path, method, operation in operations:
        answers = operation["responses"]
        assert "security" in operation or not path.startswith("/api/") or path == "/api/session"
        assert {"400", "413", "503"} <= set(answers)
        assert not path.startswith("/api/") or {"401", "403", "404", "409", "422", "429"} <= set(answers)
        assert operation["description"], f"{method} {path} does not say what it does"
    assert "ValidationError" not in document["components"]["schemas"]


async def test_every_answer_with_json_has_a_schema(cloud: Cloud) -> None:
    document = (await cloud.client(None).get("/openapi.json")).json()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for status, answer in operation["responses"].items():
                if status.startswith("2") and "application/json" in answer.get("content", {}):
                    schema = answer["content"]["application/json"]["schema"]
                    assert "$ref" in schema or "additionalProperties" in schema, (method, path)


async def test_an_undeclared_member_of_an_answer_is_found(cloud: Cloud) -> None:
    answer = await cloud.admin.get("/api/vpcs/default")
    document = answer.json()
    await conforms(httpx.Response(200, json=document, request=answer.request))
    for wrong in ({**document, "colour": "red"}, {**document, "spec": {}}):
        with pytest.raises(ValidationError):
            await conforms(httpx.Response(200, json=wrong, request=answer.request))


async def test_a_problem_and_a_document_have_a_schema(cloud: Cloud) -> None:
    parts = (await cloud.client(None).get("/openapi.json")).json()["components"]
    document = (await cloud.admin.get("/api/vpcs/default")).json()
    assert set(parts["schemas"]["VpcDocument"]["required"]) == set(document)
    problem = (await cloud.admin.get("/api/vpcs/nosuch")).json()
    assert set(parts["schemas"]["Problem"]["required"]) <= set(problem)
