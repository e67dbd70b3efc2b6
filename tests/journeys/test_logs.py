"""The logs of the control plane are rotated without the processes' involvement."""

from pathlib import Path

from miniaws.supervisor import logs


def test_a_large_log_is_put_aside_and_written_on(tmp_path: Path) -> None:
    log = tmp_path / "api.log"
    with log.open("ab", buffering=0) as child:
        for number in range(logs.KEPT + 2):
            child.write(f"line {number}\n".encode())
            logs.rotate(log, limit=1)
        child.write(b"last\n")
    assert log.read_text() == "last\n"
    kept = [log.with_name(f"api.log.{place}").read_text() for place in range(1, logs.KEPT + 1)]
    assert kept == ["line 4\n", "line 3\n", "line 2\n"]
    assert not log.with_name(f"api.log.{logs.KEPT + 1}").exists()


def test_a_small_or_absent_log_stays(tmp_path: Path) -> None:
    log = tmp_path / "api.log"
    logs.rotate(log)
    log.write_text("line\n")
    logs.rotate(log)
    assert [path.name for path in tmp_path.iterdir()] == ["api.log"]


def test_the_tail_begins_where_it_is_told(tmp_path: Path) -> None:
    log = tmp_path / "api.log"
    log.write_text("old\n")
    start = log.stat().st_size
    with log.open("a") as file:
        file.write("one\ntwo\nthree\n")
    assert logs.tail(log, 2, start) == ["two", "three"]
    assert logs.tail(log, 9, start) == ["one", "two", "three"]
    assert logs.tail(tmp_path / "absent", 9) == []
