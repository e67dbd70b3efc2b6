"""One capability, one stem, in every layer. What belongs to no capability is listed here, with what it is."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

SHARED: dict[str, dict[str, str]] = {
    "domain": {
        "aggregate": "what every aggregate shares",
        "errors": "the tree of errors",
        "host_port": "who holds a port of the host",
        "instance_type": "values of an instance",
        "managed": "the life of what is created and deleted",
        "ports": "what we ask of the world",
        "machine": "what we ask of the machine itself",
        "server": "what every managed server shares",
        "status": "statuses that all kinds share",
        "store": "what we ask of the event store",
        "values": "values that can never be wrong",
    },
    "projections": {
        "activity": "every event, as people read it",
        "changes": "what differs between two moments",
        "dashboard": "what there is and what is wrong, summed up",
        "document": "the one shape of every document",
        "inventory": "every version of every resource",
        "listing": "one page of resources",
        "metering": "what is used while a resource is so",
        "metrics": "what was used, over time",
        "rebuild": "builds the read model anew",
        "server": "what the documents of managed servers share",
        "sentences": "one sentence per event",
        "sql": "reads named queries",
        "renewal": "builds the read model anew while it is used",
        "traffic": "what load balancers did, over time",
        "usage": "how long what was used",
        "verify": "compares the read model with the log",
        "why": "what led to what is, in words",
    },
    "miniaws": {
        "__main__": "the programs",
        "administration": "what works on the store itself",
        "application": "load, save, change",
        "bootstrap": "knows every part",
        "hub": "live streams",
        "keyring": "who is asking",
        "live": "summaries and figures for who watches",
        "parts": "the programs of the control plane",
        "profile": "the file with the first key",
        "sessions": "signing in with a browser",
        "settings": "every setting",
        "tail": "new events, told inside a process",
        "tasks": "background tasks that end with what they belong to",
        "telemetry": "metrics and logs",
    },
    "miniaws/commands": {
        "host_port": "what is said of a port that is held",
        "server": "what managed servers are told",
    },
    "miniaws/process_managers": {
        "job": "programs that run to their end",
        "server": "keeps managed servers of any kind",
    },
    "miniaws/http": {
        "app": "puts the API together",
        "console": "the pages of the console",
        "copy_targets": "where snapshots can be copied to",
        "dashboard": "what a dashboard shows",
        "diff": "two moments, compared",
        "errors": "problem documents",
        "figures": "what is asked of servers for Prometheus",
        "health": "is it up, and its figures",
        "identity": "a key in a header, or a browser's cookie",
        "metrics": "which stretch of time, in which steps",
        "middleware": "before and after every route",
        "narrowing": "which account, which resource, from when to when",
        "openapi": "what the API says of itself",
        "problems": "the page of error codes",
        "reading": "how every GET reads",
        "resources": "every kind at once",
        "servers": "what the routes of managed servers share",
        "sessions": "signing in with a browser",
        "stream": "events as they happen",
        "timeline": "what happened",
        "usage": "how long what was used",
        "writing": "how every change is asked for",
    },
    "miniaws/cli": {
        "admin": "the store itself: check, renew, export",
        "arguments": "what is written after --",
        "client": "speaks HTTP",
        "completion": "completes names",
        "connection": "which cloud, with which key",
        "dashboard": "opens the console, signed in",
        "database_shell": "the engine's own client, signed in",
        "diff": "two moments, compared",
        "doctor": "examines the machine",
        "events": "the live stream",
        "failures": "exit codes",
        "history": "versions of a resource, as a table",
        "instance_program": "logs and exec of an instance",
        "launching": "reads the options of a launch",
        "moments": "moments as people write them",
        "narrowing": "options of reads over time",
        "noun": "what the nouns share",
        "options": "options that commands share",
        "output": "tables, json, yaml, names",
        "reading": "list, show, history of any noun",
        "resource": "every kind at once",
        "server": "what the words of managed servers share",
        "status": "examines the control plane",
        "timeline": "what happened",
        "up": "starts and ends the control plane",
        "usage": "how long what was used",
        "why": "what led to what is",
        "writing": "changes of any noun",
    },
}

WITHOUT_MANAGER = {"access_key": "a key has no counterpart outside the store"}


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
    """Return where the other parts of a capability are."""
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


@pytest.mark.parametrize("folder", sorted(set(SHARED) - {"domain", "miniaws"}))
def test_every_file_belongs_to_a_capability_or_is_listed(folder: str) -> None:
    names = set(PLURAL.values()) if folder == "miniaws/http" else set(CAPABILITIES)
    unknown = stems(folder) - names - set(SHARED[folder])
    assert unknown == set(), f"{folder}: name it after its capability, or argue for it in SHARED of this test"


def test_the_application_has_no_unlisted_part() -> None:
    packages = {"cli", "commands", "http", "process_managers", "runtime", "supervisor"}
    assert stems("miniaws") == packages | set(SHARED["miniaws"])


@pytest.mark.parametrize("folder", sorted(SHARED))
def test_what_is_listed_exists(folder: str) -> None:
    assert set(SHARED[folder]) - stems(folder) == set()


def test_what_has_no_manager_has_none() -> None:
    assert stems("miniaws/process_managers") - set(SHARED["miniaws/process_managers"]) == set(
        CAPABILITIES
    ) - set(WITHOUT_MANAGER)
