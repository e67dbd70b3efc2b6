"""A capability has the same name in every layer. Other modules are listed here, with a description."""

from pathlib import Path

import pytest

from miniaws import capabilities
from miniaws.cli.registry import COMMANDS

ROOT = Path(__file__).resolve().parents[2]

SHARED: dict[str, dict[str, str]] = {
    "domain": {
        "aggregate": "what every aggregate shares",
        "cron": "cron schedules",
        "errors": "the tree of errors",
        "firewall": "what security groups let through",
        "host_port": "who holds a port of the host",
        "image_reference": "names of images",
        "instance_type": "values of an instance",
        "interface": "addresses and security groups of what is in a VPC",
        "managed": "the life of what is created and deleted",
        "moments": "moments as RFC 3339 writes them",
        "ports": "what we ask of the world",
        "system": "what we ask of the machine itself",
        "watch": "how one resource wakes the manager of another",
        "server": "what every managed server shares",
        "stats": "what containers and the host use",
        "status": "statuses that all kinds share",
        "store": "what we ask of the event store",
        "trash": "what is kept of a deleted resource",
        "values": "values that can never be wrong",
    },
    "projections": {
        "activity": "every event, as people read it",
        "changes": "what differs between two moments",
        "dashboard": "what there is and what is wrong, summed up",
        "document": "the one shape of every document",
        "enforced": "what the firewall has to enforce",
        "estate": "estates from documents",
        "interface": "addresses and security groups of what is in a VPC",
        "inventory": "every version of every resource",
        "listing": "one page of resources",
        "metering": "what is used while a resource is so",
        "metrics": "what was used, over time",
        "rebuild": "rebuilds the read model",
        "server": "what the documents of managed servers share",
        "sentences": "one sentence per event",
        "sql": "reads named queries",
        "renewal": "rebuilds the read model while it is in use",
        "traffic": "what load balancers did, over time",
        "trash": "what documents show of the trash",
        "trashed": "what is in the trash",
        "usage": "how long what was used",
        "verify": "compares the read model with the log",
        "why": "what led to what is, in words",
    },
    "miniaws": {
        "__main__": "the programs",
        "administration": "what works on the store itself",
        "application": "load, save, change",
        "bootstrap": "knows every part",
        "capabilities": "every capability",
        "environment": "the variables that the command reads without every setting",
        "ports": "every port of a cloud",
        "settings": "every setting",
        "tasks": "background loops, each supervised on its own",
        "telemetry": "metrics and logs",
        "validation": "what is wrong with an input, in words",
    },
    "miniaws/commands": {
        "host_port": "what is said of a port that is held",
        "body": "the base of all inputs, and the fields that they share",
        "defaults": "the default subnet and security group of a VPC",
        "addresses": "which addresses of a VPC are in use",
        "interface": "chooses addresses and security groups",
        "keeping": "how long what is deleted is kept",
        "program": "how the program of an instance is run",
        "trash": "restores and purges what is kept",
        "server": "what managed servers share",
    },
    "miniaws/process_managers": {
        "attachment": "the address, the names and the security groups of a container",
        "interface": "addresses of what has none, and what containers wait for",
        "job": "programs that run to their end",
        "server": "keeps managed servers of any kind",
    },
    "miniaws/http": {
        "answers": "the types of answers, for the OpenAPI document",
        "absent": "why a resource cannot be shown",
        "estate": "resources as a manifest describes them",
        "admission": "authentication and rate limits of requests",
        "app": "puts the API together",
        "aws": "requests of AWS clients",
        "aws_credentials": "what AWS clients sign with",
        "console": "the pages of the console",
        "copy_targets": "where snapshots can be copied to",
        "cursors": "where a page ended",
        "dashboard": "what a dashboard shows",
        "diff": "two moments, compared",
        "errors": "problem documents",
        "figures": "what is asked of servers for Prometheus",
        "generic": "the routes that most kinds have",
        "headers": "response headers for browsers",
        "health": "is it up, and its figures",
        "hosts": "which names of this server requests may use",
        "instance_types": "the types of instances",
        "auth": "who sends a request",
        "lifetime": "ends requests with their key or session",
        "live": "the broadcaster of new events, and what dashboards show of them",
        "metrics": "time ranges and steps of metrics",
        "middleware": "before and after every route",
        "filters": "which account, which resource, from when to when",
        "openapi": "what the API says of itself",
        "own_figures": "what an account sees of the figures",
        "problems": "the page of error codes",
        "reading": "how every GET reads",
        "resources": "every kind at once",
        "servers": "what the routes of managed servers share",
        "sessions": "signing in with a browser",
        "sockets": "before and after every WebSocket",
        "stream": "events as they happen",
        "timeline": "what happened",
        "trash": "what was deleted and can be restored",
        "usage": "how long what was used",
        "writing": "how every change is asked for",
    },
    "miniaws/cli": {
        "admin": "verify, rebuild, export",
        "apply": "applies manifests",
        "arguments": "arguments after --",
        "aws": "connects AWS clients",
        "bodies": "options from the fields of request bodies",
        "client": "HTTP client",
        "completion": "shell completion",
        "compose": "manifests from Compose files",
        "config": "profiles for several clouds",
        "connection": "opens a client on demand",
        "dashboard": "opens the console",
        "database_shell": "psql and mariadb, signed in",
        "diff": "differences between two moments",
        "doctor": "checks the machine",
        "events": "event stream",
        "examples": "examples in the help",
        "export": "prints an estate as a manifest",
        "failures": "exit codes",
        "history": "versions of a resource, as a table",
        "instance_program": "logs and exec of an instance",
        "launching": "options of a launch",
        "mcp": "tools for assistants",
        "manifests": "files that describe resources",
        "moments": "parses and formats moments",
        "filters": "filter options",
        "fork": "copies of resources beside the present ones",
        "noun": "path and columns of a kind",
        "options": "options that commands share",
        "output": "tables, JSON, YAML, names",
        "parameters": "commands with groups of options",
        "reading": "list, show, history of any kind",
        "profiles": "the file of profiles",
        "registry": "every command, and the kind it manages",
        "resource": "resources of any kind",
        "server": "what caches, queues and databases share",
        "status": "state of the control plane",
        "requests": "events grouped by request",
        "rewind": "resources as they were at a moment",
        "suggestions": "commands that may be meant",
        "target": "URL and key of the cloud",
        "timeline": "past events",
        "watching": "lists that are read again after a change",
        "top": "present usage of resources",
        "undo": "takes back what one request changed",
        "up": "starts and stops the control plane",
        "trash": "lists, restores and purges what was deleted",
        "usage": "resource usage",
        "why": "causes of a state",
        "writing": "changes of any kind",
    },
}

WITHOUT_MANAGER = {
    "access_key": "a key has no counterpart outside the store",
    "security_group": "the firewall reads the rules of all groups at once",
    "subnet": "a range of its VPC, which has the network",
}


def stems(folder: str) -> set[str]:
    """Return the names of the files and packages in a folder."""
    found = [
        path for path in (ROOT / folder).iterdir() if not path.name.startswith(("__init__", "__pycache__"))
    ]
    modules = {path.stem for path in found if path.suffix == ".py"}
    return modules | {path.name for path in found if path.is_dir() and (path / "__init__.py").exists()}


CAPABILITIES = sorted(stems("domain") - set(SHARED["domain"]))
PLURAL = {stem: f"{stem}s" for stem in CAPABILITIES}


def siblings(stem: str) -> list[str]:
    """Return the other modules of a capability."""
    managed = [] if stem in WITHOUT_MANAGER else [f"miniaws/process_managers/{stem}"]
    return [
        f"projections/{stem}",
        f"miniaws/commands/{stem}",
        f"miniaws/http/{PLURAL[stem]}",
        f"miniaws/cli/{stem}",
        f"tests/domain/test_{stem}",
        *managed,
    ]


@pytest.mark.parametrize("stem", CAPABILITIES)
def test_a_capability_has_its_part_in_every_layer(stem: str) -> None:
    missing = [
        path for path in siblings(stem) if not (ROOT / f"{path}.py").exists() and not (ROOT / path).is_dir()
    ]
    assert missing == [], f"see `Add a capability` in CONTRIBUTING.md: {stem} lacks {', '.join(missing)}"


def test_every_capability_has_its_command_in_the_registry() -> None:
    found = {entry.kind: entry.target for entry in COMMANDS.values() if entry.kind}
    assert found == {stem: f"miniaws.cli.{stem}:app" for stem in CAPABILITIES}


@pytest.mark.parametrize("folder", sorted(set(SHARED) - {"domain", "miniaws"}))
def test_every_file_belongs_to_a_capability_or_is_listed(folder: str) -> None:
    names = set(PLURAL.values()) if folder == "miniaws/http" else set(CAPABILITIES)
    unknown = stems(folder) - names - set(SHARED[folder])
    assert unknown == set(), f"{folder}: name it after its capability, or argue for it in SHARED of this test"


def test_the_application_has_no_unlisted_part() -> None:
    packages = {"aws", "cli", "commands", "http", "process_managers", "runtime", "supervisor"}
    assert stems("miniaws") == packages | set(SHARED["miniaws"])


@pytest.mark.parametrize("folder", sorted(SHARED))
def test_what_is_listed_exists(folder: str) -> None:
    assert set(SHARED[folder]) - stems(folder) == set()


def test_every_capability_is_registered() -> None:
    assert sorted(capability.kind for capability in capabilities.CAPABILITIES) == CAPABILITIES
    without = {each.kind for each in capabilities.CAPABILITIES if not each.has_manager}
    assert without == set(WITHOUT_MANAGER)


def test_what_has_no_manager_has_none() -> None:
    assert stems("miniaws/process_managers") - set(SHARED["miniaws/process_managers"]) == set(
        CAPABILITIES
    ) - set(WITHOUT_MANAGER)
