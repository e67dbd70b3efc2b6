"""Rate limits: a bucket per key, shared by processes, in a file that never grows."""

import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.rate_table import RateTable
from domain.system import Rate

TWO_A_SECOND = Rate(per_s=2, burst=3)


class Clock:
    """A clock that a test advances."""

    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def table(tmp_path: Path, clock: Clock) -> Generator[RateTable]:
    opened = RateTable(tmp_path / "rates", clock)
    yield opened
    opened.close()


def test_a_burst_is_granted_and_then_a_token_at_a_time(table: RateTable, clock: Clock) -> None:
    assert [table.take("a", TWO_A_SECOND).remaining for _ in range(3)] == [2, 1, 0]
    refused = table.take("a", TWO_A_SECOND)
    assert (refused.remaining, refused.wait_s) == (0, pytest.approx(0.5, abs=1e-3))
    assert refused.full_in_s == pytest.approx(1.5)
    clock.at += 0.5
    assert table.take("a", TWO_A_SECOND).wait_s == 0
    assert table.take("a", TWO_A_SECOND).wait_s > 0
    clock.at += 60
    assert table.take("a", TWO_A_SECOND).remaining == 2, "unused tokens are capped at one burst"


def test_to_ask_takes_nothing(table: RateTable) -> None:
    assert [table.take("a", TWO_A_SECOND, 0).remaining for _ in range(9)] == [3] * 9
    for _ in range(3):
        table.take("a", TWO_A_SECOND)
    assert table.take("a", TWO_A_SECOND, 0).wait_s > 0


def test_keys_do_not_share_a_bucket(table: RateTable) -> None:
    for _ in range(5):
        table.take("a", TWO_A_SECOND)
    assert table.take("b", TWO_A_SECOND).remaining == 2


@settings(max_examples=30)
@given(
    st.lists(st.tuples(st.floats(0, 2), st.integers(1, 3)), max_size=60),
    st.floats(0.5, 50),
    st.integers(3, 20),
)
def test_no_more_is_granted_than_a_burst_and_the_rate(
    tmp_path_factory: pytest.TempPathFactory, asked: list[tuple[float, int]], per_s: float, burst: int
) -> None:
    clock = Clock()
    table = RateTable(tmp_path_factory.mktemp("rates") / "rates", clock)
    granted = 0
    for pause, tokens in asked:
        clock.at += pause
        granted += tokens if table.take("a", Rate(per_s, burst), tokens).wait_s == 0 else 0
        assert granted <= burst + (clock.at - 1000) * per_s + 1e-3
    table.close()


def test_the_file_does_not_grow_and_forgets_who_has_waited_longest(
    table: RateTable, clock: Clock, tmp_path: Path
) -> None:
    size = (tmp_path / "rates").stat().st_size
    for _ in range(3):
        table.take("a", TWO_A_SECOND)
    clock.at += 0.1
    busy = 0
    for number in range(50_000):
        busy += table.take(f"key-{number}", TWO_A_SECOND).remaining == 2
    assert busy == 50_000, "whoever is new has a full bucket"
    assert (tmp_path / "rates").stat().st_size == size < 1 << 20


def test_a_file_of_a_time_before_the_machine_was_started_locks_nobody_out(
    table: RateTable, clock: Clock
) -> None:
    clock.at = 1_000_000.0
    for _ in range(3):
        table.take("a", TWO_A_SECOND)
    clock.at = 5.0
    assert table.take("a", TWO_A_SECOND).remaining == 2


def test_processes_share_the_limits(tmp_path: Path) -> None:
    path = tmp_path / "rates"
    program = f"""
from pathlib import Path
from adapters.rate_table import RateTable
from domain.system import Rate
table = RateTable(Path({str(path)!r}))
print(sum(table.take("a", Rate(0.0001, 500)).wait_s == 0 for _ in range(400)))
"""
    running = [subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) for _ in range(3)]
    granted = [int(each.communicate(timeout=60)[0]) for each in running]
    assert sum(granted) == 500
