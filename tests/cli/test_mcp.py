"""``cloud mcp``: the tools for assistants, over stdin and stdout and over HTTP."""

import secrets
import socket
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import Any

import httpx
import httpx2
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from miniaws.cli.mcp import server
from miniaws.cli.mcp.address import Address
from miniaws.cli.target import Target
from miniaws.environment import read_profile
from tests.cli.conftest import CloudServer, Command
from tests.conftest import ROOT, free_port
from tests.journeys.running_cloud import wait_until

READS = {"list", "show", "timeline", "why", "diff", "metrics", "logs", "restorable", "docs"}
SECRET = secrets.token_urlsafe()
REQUEST = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
HEADERS = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}


def key_of(cloud_server: CloudServer) -> str:
    """Return the API key that the command uses."""
    return read_profile((cloud_server.settings.home / "credentials").read_text())["MINIAWS_API_KEY"]


@pytest.fixture
def assistant(cloud_server: CloudServer) -> Client:
    """An assistant that is connected to the cloud, without a transport."""
    return Client(server.create(Target(cloud_server.settings.url, key_of(cloud_server))))


async def asked(assistant: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    """Return the answer of a tool."""
    result = await assistant.call_tool(tool, arguments)
    assert not result.is_error, result.content
    assert result.structured_content is not None
    return result.structured_content


async def refused(assistant: Client, tool: str, **arguments: Any) -> str:
    """Return what a tool says that fails."""
    result = await assistant.call_tool(tool, arguments)
    assert result.is_error
    return getattr(result.content[0], "text", "")


async def test_there_are_few_tools_and_they_only_read(assistant: Client) -> None:
    async with assistant:
        tools = (await assistant.list_tools()).tools
    assert {tool.name for tool in tools} == READS
    assert all(tool.annotations and tool.annotations.read_only_hint for tool in tools)
    assert all(tool.description for tool in tools)


async def test_every_answer_about_the_cloud_has_a_position_and_every_read_takes_a_moment(
    cloud: Command, assistant: Client
) -> None:
    cloud("vpc", "create", "front")
    arguments: dict[str, dict[str, Any]] = {
        "list": {},
        "show": {"name": "default"},
        "timeline": {},
        "why": {"name": "default"},
        "diff": {"since": 1},
        "restorable": {},
    }
    async with assistant:
        now = (await asked(assistant, "list"))["position"]
        assert {(await asked(assistant, tool, **given))["position"] for tool, given in arguments.items()} == {
            now
        }
        before = {
            tool: await asked(assistant, tool, **given, as_of=now - 1) for tool, given in arguments.items()
        }
    assert {answer["position"] for answer in before.values()} == {now - 1}
    assert before["list"]["items"][-1]["status"] == "creating"


async def test_what_is_gone_is_read_as_of_a_moment(cloud: Command, assistant: Client) -> None:
    cloud("vpc", "create", "front", "--tag", "app=shop")
    async with assistant:
        before = await asked(assistant, "list", kind="vpc", tag={"app": "shop"})
        assert [each["name"] for each in before["items"]] == ["front"]
        cloud("vpc", "delete", "front", "--yes")
        assert (await asked(assistant, "list", tag={"app": "shop"}))["items"] == []
        assert (await asked(assistant, "show", name="front"))["resource"]["status"] == "deleted"
        shown = await asked(assistant, "show", name="front", as_of=before["position"], history=True)
        difference = await asked(assistant, "diff", since=before["position"])
    assert shown["resource"]["tags"] == {"app": "shop"}
    assert [version["status"] for version in shown["history"]] == ["creating", "available"]
    assert [each["name"] for each in difference["deleted"] if each["kind"] == "vpc"] == ["front"]


async def test_the_cause_of_a_state_leads_to_the_key_and_its_request(
    cloud: Command, assistant: Client
) -> None:
    cloud("instance", "launch", "web", "--image", "miniaws/hello:local")
    async with assistant:
        chain = (await asked(assistant, "why", name="web"))["chain"]
        assert chain[-1]["who"] == "admin"
        only = {"request": chain[-1]["request"]}
        events = await asked(assistant, "timeline", only=only, order="oldest")
        pages = await asked(assistant, "timeline", limit=1)
        rest = await asked(assistant, "timeline", limit=1, cursor=pages["next_cursor"])
    types = ["instance.launch_requested", "instance.interface_assigned", "instance.started"]
    assert [event["type"] for event in events["items"]] == types
    assert pages["items"][0]["position"] > rest["items"][0]["position"]


async def test_a_mistake_is_explained(assistant: Client) -> None:
    async with assistant:
        assert "must be a moment such as `10m ago`" in await refused(assistant, "list", as_of="yesterday")
        assert "must be one of vpc" in await refused(assistant, "list", kind="server")
        assert "docs/events.md" in await refused(assistant, "timeline", only={"type": "xyzzy"})
        assert "give `since` as a time" in await refused(assistant, "metrics", name="default", since="1")


async def test_the_snapshot_to_restore_is_the_newest_one_before_the_moment(
    cloud: Command, assistant: Client
) -> None:
    cloud("volume", "create", "data")
    async with assistant:
        empty = (await asked(assistant, "list"))["position"]
        cloud("snapshot", "create", "monday", "data")
        monday = (await asked(assistant, "list"))["position"]
        cloud("snapshot", "create", "tuesday", "data")
        everything = await asked(assistant, "restorable", name="data")
        then = await asked(assistant, "restorable", name="data", as_of=monday)
        assert (await asked(assistant, "restorable", as_of=empty))["snapshots"] == []
    assert [each["snapshot"] for each in everything["snapshots"]] == ["tuesday", "monday"]
    assert [each["snapshot"] for each in then["snapshots"]] == ["monday"]


async def test_it_says_which_moments_a_database_can_be_restored_to(cloud: Command, assistant: Client) -> None:
    cloud("db", "create", "orders", "--no-wait")
    async with assistant:
        (database,) = (await asked(assistant, "restorable", as_of="1m ago"))["databases"]
    assert database["name"] == "orders"
    assert database["reaches"] is False


@pytest.fixture
def with_trash(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cloud that keeps what is deleted."""
    monkeypatch.setenv("MINIAWS_TRASH_HOURS", "1")


@pytest.mark.usefixtures("with_trash")
async def test_it_shows_what_is_in_the_trash(cloud: Command, assistant: Client) -> None:
    cloud("instance", "launch", "web", "--image", "miniaws/hello:local")
    cloud("instance", "terminate", "web", "--yes")
    async with assistant:
        (kept,) = (await asked(assistant, "restorable"))["trash"]
        assert (await asked(assistant, "restorable", name="other"))["trash"] == []
    assert (kept["kind"], kept["name"]) == ("instance", "web")
    assert kept["purges_at"]


async def test_the_documentation_is_searched_and_returned(assistant: Client) -> None:
    async with assistant:
        pages = (await asked(assistant, "docs"))["pages"]
        found = (await asked(assistant, "docs", query="restoring databases to a moment"))["results"]
        page = await asked(assistant, "docs", page="how-to/restore-a-database")
        assert "how-to/restore-a-database" in await refused(assistant, "docs", page="xyzzy")
    assert {"page": "glossary", "title": "Glossary"} in pages
    assert found[0]["page"] == "how-to/restore-a-database"
    assert page["text"] == (ROOT / "docs/how-to/restore-a-database.md").read_text()


async def test_a_client_starts_the_command_and_never_sees_the_key(
    cloud: Command, cloud_server: CloudServer
) -> None:
    arguments = ["-m", "miniaws", "mcp"]
    command = StdioServerParameters(
        command=sys.executable, args=arguments, env=cloud.environment(), cwd=str(ROOT)
    )
    async with Client(command) as assistant:
        assert {tool.name for tool in (await assistant.list_tools()).tools} == READS
        answer = await assistant.call_tool("show", {"name": "admin", "history": True})
    assert not answer.is_error
    assert key_of(cloud_server) not in answer.model_dump_json()


@contextmanager
def serving(cloud: Command, host: str, **variables: str) -> Generator[str]:
    """The URL of a server that listens, in a process of its own."""
    port = free_port()
    with cloud.start("mcp", "--http", f"{host}:{port}", **variables) as process:
        try:
            wait_until(lambda: listens(host, port), f"the server listens at {host}:{port}")
            yield f"http://{host}:{port}/mcp"
        finally:
            process.terminate()


def listens(host: str, port: int) -> bool:
    """Return whether something accepts connections there."""
    with suppress(ConnectionError), socket.create_connection((host, port)):
        return True
    return False


async def test_over_http_a_request_needs_the_token_and_comes_from_no_page(cloud: Command) -> None:
    bearer = f"Bearer {SECRET}"
    with serving(cloud, "localhost", MINIAWS_MCP_TOKEN=SECRET) as url:

        def status(**headers: str) -> int:
            return httpx.post(url, json=REQUEST, headers={**HEADERS, **headers}).status_code

        assert status() == 401
        assert status(Authorization="Bearer another") == 401
        assert status(Authorization=bearer, Host="evil.example:80") == 421
        assert status(Authorization=bearer, Origin="https://evil.example") == 403
        async with (
            httpx2.AsyncClient(headers={"Authorization": bearer}) as http,
            Client(streamable_http_client(url, http_client=http)) as assistant,
        ):
            assert (await asked(assistant, "show", name="default"))["resource"]["kind"] == "vpc"


VPC = {"kind": "vpc", "name": "front", "spec": {"cidr": "10.44.0.0/24"}}
CHANGES = {"plan", "undo", "apply"}


@pytest.fixture
def operator(cloud_server: CloudServer) -> Client:
    """An assistant that may change the cloud."""
    to = Target(cloud_server.settings.url, key_of(cloud_server))
    return Client(server.create(to, allows_changes=True))


async def test_changes_are_planned_seen_and_applied(cloud: Command, operator: Client) -> None:
    proposal = {"type": "apply", "manifest": [VPC]}
    async with operator:
        tools = {tool.name: tool.annotations for tool in (await operator.list_tools()).tools}
        assert set(tools) == READS | CHANGES
        assert (destructive := tools["apply"]) is not None
        assert destructive.destructive_hint
        plan = await asked(operator, "plan", proposal=proposal)
        assert plan["steps"][0]["action"] == "create"
        assert cloud("vpc", "list", "-o", "name").stdout == "default\n"
        applied = await asked(operator, "apply", plan=plan["plan"], token=plan["token"])
        assert applied["status"] == "applied"
        again = await asked(operator, "plan", proposal=proposal)
        assert "nothing to do" in again["summary"]
        assert "token" not in again
    assert cloud("vpc", "list", "-o", "name").stdout == "default\nfront\n"


async def test_a_plan_is_only_applied_as_it_was_seen(cloud: Command, operator: Client) -> None:
    other = {**VPC, "name": "back", "spec": {}}
    async with operator:
        first = await asked(operator, "plan", proposal={"type": "apply", "manifest": [VPC]})
        second = await asked(operator, "plan", proposal={"type": "apply", "manifest": [other]})
        assert "cannot apply" in await refused(operator, "apply", plan=first["plan"], token=second["token"])
        assert "cannot apply" in await refused(operator, "apply", plan=first["plan"], token="")
        cloud("plan", "refresh", first["plan"])
        assert "has changed since" in await refused(
            operator, "apply", plan=first["plan"], token=first["token"]
        )
        shown = await asked(operator, "plan", plan=first["plan"])
        applied = await asked(operator, "apply", plan=first["plan"], token=shown["token"])
        assert applied["status"] == "applied"
        assert "give either" in await refused(operator, "plan")
        assert "give either" in await refused(operator, "undo")


async def test_a_request_is_undone_and_a_moment_restored(cloud: Command, operator: Client) -> None:
    cloud("vpc", "create", "front")
    async with operator:
        created = (await asked(operator, "timeline", only={"type": "vpc.create_requested"}))["items"][0]
        undo = await asked(operator, "undo", request=created["request"])
        assert (await asked(operator, "apply", plan=undo["plan"], token=undo["token"]))["status"] == "applied"
        assert cloud("vpc", "list", "-o", "name").stdout == "default\n"
        proposal = {"type": "rewind", "to": created["position"], "scope": {"kind": "vpc"}}
        rewind = await asked(operator, "plan", proposal=proposal)
        assert (await asked(operator, "apply", plan=rewind["plan"], token=rewind["token"]))[
            "status"
        ] == "applied"
    assert cloud("vpc", "list", "-o", "name").stdout == "default\nfront\n"


def test_changes_over_http_need_a_token() -> None:
    refusal = Command({})("mcp", "--http", "8090", "--allow-changes", exit_code=2).stderr
    assert "set MINIAWS_MCP_TOKEN" in refusal


def test_other_machines_need_a_token() -> None:
    refusal = Command({})("mcp", "--http", "192.0.2.1:8090", exit_code=2).stderr
    assert "set MINIAWS_MCP_TOKEN" in refusal


@pytest.mark.parametrize("text", ["", "host", "127.0.0.1:0", "127.0.0.1:70000", "0.0.0.0:8090", "[::]:8090"])
def test_an_address_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match=r"^must (be an address or a port|name the one address)"):
        Address.parse(text)


def test_a_port_alone_is_on_loopback() -> None:
    assert Address.parse("8090") == Address.parse("127.0.0.1:8090")
    assert "localhost:8090" in Address.parse("8090").names
    assert Address.parse("[::1]:8090").origin == "http://[::1]:8090"
