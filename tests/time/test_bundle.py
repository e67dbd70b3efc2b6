"""A bundle shows the same history on another machine, and every changed byte is detected."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapters import history_bundle
from adapters.bundle_chain import BundleDamaged
from adapters.history_bundle import ExportRange
from domain.errors import Refused
from miniaws import administration
from miniaws.bootstrap import first_key
from tests.time.conftest import Remembering
from tests.time.histories import live
from tests.time.test_as_of import Look, estate


def exported(cloud: Remembering, after: str | None = None, to: str | None = None) -> bytes:
    """Return a bundle."""
    file = io.BytesIO()
    history_bundle.export(
        cloud.database_url, file, ExportRange("mine", after, to, {"access_key.issued": {"hash"}})
    )
    return file.getvalue()


def test_every_flipped_byte_is_found_and_named(cloud: Remembering) -> None:
    whole = exported(cloud)
    lines = whole.splitlines(keepends=True)
    history_bundle.check(io.BytesIO(whole))
    begins, where = 0, "before the first event"
    for number, line in enumerate(lines, 1):
        for at in range(begins, begins + len(line)):
            damaged = whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]
            with pytest.raises(BundleDamaged, match=rf"line {number} \({where}\)"):
                history_bundle.check(io.BytesIO(damaged))
        where = f"after position {json.loads(line)['position']}" if 1 < number < len(lines) else where
        begins += len(line)


def test_what_is_missing_added_or_swapped_is_found(cloud: Remembering) -> None:
    lines = exported(cloud).splitlines(keepends=True)
    for damaged in (
        [],
        lines[:-1],
        [*lines[:-1], lines[-1][:-9]],
        lines[1:],
        [lines[0], lines[2], lines[1], *lines[3:]],
        [*lines[:2], *lines[3:]],
        [*lines, lines[-1]],
        [*lines, b"\n"],
    ):
        with pytest.raises(BundleDamaged):
            history_bundle.check(io.BytesIO(b"".join(damaged)))


def test_a_bundle_holds_no_secret(cloud: Remembering) -> None:
    secret = "drowssap-" + os.urandom(8).hex()
    cloud.run(cloud.launch("web-1", env={"TOKEN": secret}))
    bundle = exported(cloud)
    key = first_key.read(cloud.settings.credentials)["MINIAWS_API_KEY"]
    hashes = [row[0] for row in cloud.query("SELECT state->>'hash' FROM events WHERE state ? 'hash'")]
    assert hashes
    assert b"TOKEN" in bundle
    for hidden in (secret, key, *hashes):
        assert hidden.encode() not in bundle


def test_impossible_windows_are_refused(cloud: Remembering) -> None:
    for after, to in (
        ("3", "1"),
        (None, "99"),
        ("soon", None),
        (None, "2026-01-01T00:00:00"),
        (None, "2099-01-01T00:00:00Z"),
    ):
        with pytest.raises(Refused, match="cannot export"):
            exported(cloud, after, to)
    target = cloud.settings.home / "bundle"
    target.write_text("mine")
    with pytest.raises(Refused, match="cannot write"):
        administration.export(cloud.settings, target, None, None)
    assert target.read_text() == "mine"


@contextmanager
def shown(path: Path) -> Generator[tuple[str, dict[str, str]]]:
    """Open a bundle with the CLI, as on a new machine; yield URL and keys by account."""
    thrown_away = path.parent / "thrown-away"
    thrown_away.mkdir()
    variables = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(path.parent),
        "TMPDIR": str(thrown_away),
        "TERM": "dumb",
    }
    argv = [sys.executable, "-m", "miniaws", "admin", "open", str(path)]
    with subprocess.Popen(argv, env=variables, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().split() == ["URL", "ACCOUNT", "KEY"]
        rows = [process.stdout.readline().split()]
        yield rows[0][0], {account: key for _, account, key in rows}
        process.terminate()
        assert process.wait(30) == 0
    assert list(thrown_away.iterdir()) == []


def test_another_machine_shows_what_was_so(cloud: Remembering, tmp_path: Path) -> None:
    looks: list[Look] = []

    async def history() -> None:
        await live(cloud, cloud.http, seed=8, count=60)
        for _ in range(4):
            looks.append(await estate(cloud.http, limit=100))
            await live(cloud, cloud.http, seed=9, count=20)

    cloud.run(history())
    path = tmp_path / "window.ndjson"
    begin, end = looks[1], looks[3]
    administration.export(cloud.settings, path, str(begin.position), str(end.position))
    with (
        shown(path) as (url, keys),
        httpx.Client(base_url=url, headers={"Authorization": keys["main"]}) as http,
    ):
        check_exhibit(cloud, http, looks)


def check_exhibit(cloud: Remembering, http: httpx.Client, looks: list[Look]) -> None:
    """Compare a bundle of the history from the second to the last observation with the original cloud."""
    before, begin, middle, end = looks

    def get(path: str, **params: Any) -> Any:
        answer = http.get(path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def of_origin(path: str, **params: Any) -> Any:
        return cloud.run(cloud.get(path, None, **params))

    for look in (begin, middle, end):
        # What had ended before the window is not part of it; all that lived then is.
        asked = {"as_of": look.position, "limit": 1000}
        assert get("/api/resources", **asked) == of_origin("/api/resources", **asked)
    assert get("/api/resources")["position"] == end.position
    span = {"from": begin.position, "to": end.position}
    for path in ("/api/diff", "/api/usage", "/api/timeline"):
        assert get(path, **span) == of_origin(path, **span), path
    some = next(each for each in end.documents if each["kind"] == "instance" and each["status"] == "running")
    as_of = {"as_of": end.position}
    for view in ("history", "why"):
        path = f"/api/resources/{some['id']}/{view}"
        assert get(path, **as_of) == of_origin(path, **as_of)
    refused = http.get("/api/resources", params={"as_of": before.position})
    assert refused.status_code == 422
    assert f"at least {begin.position}, where this history begins" in refused.json()["detail"]
    for answer in (
        http.post("/api/instances", json={"name": "web-9"}),
        http.delete("/api/vpcs/default"),
        http.patch("/api/vpcs/default", json={"tags": {}}),
        http.put("/api/vpcs/default"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "read_only")
