"""``cloud top``."""

import json
import os
import pty
import signal
import time

from tests.cli.conftest import PROGRAM, Command
from tests.conftest import ROOT

LAUNCH = ("instance", "launch", "--image", "miniaws/hello:local")


def measured(cloud: Command, count: int) -> list[dict[str, object]]:
    """Return what is shown once as many resources are measured."""
    deadline = time.monotonic() + 30
    while len(rows := json.loads(cloud("top", "-o", "json").stdout)) < count:
        assert time.monotonic() < deadline, rows
    return rows


def test_the_busiest_resource_is_first(cloud: Command) -> None:
    assert "nothing is measured" in cloud("top", "--once").stderr
    cloud(*LAUNCH, "web-1")
    cloud(*LAUNCH, "web-2")
    rows = measured(cloud, 2)
    assert {row["name"] for row in rows} == {"web-1", "web-2"}
    usage = [float(str(row["cpu_percent"] or 0)) for row in rows]
    assert usage == sorted(usage, reverse=True)
    header, *lines = cloud("top", "--once").stdout.splitlines()
    assert header.split()[:3] == ["NAME", "KIND", "CPU"]
    assert {line.split()[0] for line in lines} == {"web-1", "web-2"}


def test_a_terminal_is_refreshed_until_interrupted(cloud: Command) -> None:
    cloud(*LAUNCH, "web-1")
    measured(cloud, 1)
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(ROOT)
        environment = {**cloud.environment(), "TERM": "xterm", "COLUMNS": "120"}
        os.execve(PROGRAM[0], [*PROGRAM, "top"], environment)  # noqa: S606 - nothing for a shell to do
    shown = b""
    while shown.count(b"NAME") < 2:
        shown += os.read(terminal, 4096)
    os.kill(pid, signal.SIGINT)
    try:
        while chunk := os.read(terminal, 4096):
            shown += chunk
    except OSError:
        pass  # the program is gone
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 130
    assert b"web-1" in shown
    assert b"Traceback" not in shown
