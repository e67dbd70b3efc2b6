"""``cloud dashboard open``: a browser that is signed in, and a link that works once."""

import re
import stat
from pathlib import Path

import httpx

from tests.cli.conftest import CloudServer, Command


def sign_in(server: CloudServer, ticket: str) -> int:
    return httpx.post(f"{server.settings.url}/api/session", json={"ticket": ticket}).status_code


def test_a_link_signs_in_once(cloud: Command, cloud_server: CloudServer) -> None:
    printed = cloud("dashboard", "open", "--no-browser").stdout
    found = re.fullmatch(re.escape(cloud_server.settings.url) + r"/#ticket=([\w-]+)\n", printed)
    assert found is not None, printed
    assert [sign_in(cloud_server, found[1]) for _ in range(2)] == [201, 401]


def test_a_browser_finds_the_link_in_a_file_that_nobody_else_can_read(
    cloud: Command, cloud_server: CloudServer, tmp_path: Path
) -> None:
    seen = tmp_path / "seen"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >{seen}\n')
    browser.chmod(0o755)
    process = cloud.start("dashboard", "open", BROWSER=f"{browser} %s")
    _, said = process.communicate(timeout=60)
    assert process.returncode == 0, said
    page = cloud_server.settings.home / "console.html"
    assert seen.read_text() == f"{page.as_uri()}\n"
    assert stat.S_IMODE(page.stat().st_mode) == 0o600
    ticket = re.findall(r"#ticket=([\w-]+)", page.read_text())[0]
    assert ticket not in said
    assert sign_in(cloud_server, ticket) == 201


def test_without_a_browser_it_says_what_helps(cloud: Command) -> None:
    process = cloud.start("dashboard", "open", BROWSER="/nonexistent %s", PATH="/nonexistent")
    _, said = process.communicate(timeout=60)
    assert (process.returncode, "--no-browser" in said) == (1, True), said
