"""The invariant of ``next_action``: after any accidents and interruptions, it reaches the desired state.

A state machine generates requests, accidents, refusals and crashes of the manager in any order.
"""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from domain.errors import Conflict
from domain.instance import Instance, NextAction
from domain.instance.spec import RestartPolicy
from domain.instance_type import INSTANCE_TYPES, instance_type
from tests.domain.pretended import Manager, told
from tests.samples import sample

EFFECTS = [
    NextAction.MAKE,
    NextAction.START,
    NextAction.STOP,
    NextAction.RESTART,
    NextAction.RESIZE,
    NextAction.REMOVE,
]


class Life(RuleBasedStateMachine):
    """The life cycle of an instance."""

    @initialize(restart=st.sampled_from(["always", "on-failure", "never"]))
    def launch(self, restart: RestartPolicy) -> None:
        self.manager = Manager.of(restart)
        self.wanted = self.manager.wanted
        self.box = self.manager.box
        self.reported: list[object] = []
        self.may_start = 1
        """How often a program with the policy ``never`` may have been started."""

    def tell(self) -> list[str]:
        """Return the events since the last call, and record every reported exit."""
        happened = list(self.wanted.collect_events())
        self.reported += [event.started_at for event in happened if isinstance(event, Instance.Crashed)]
        return [type(event).__name__ for event in happened]

    @rule(wish=st.sampled_from(["start", "stop", "reboot", "attach"]))
    def wish(self, wish: str) -> None:
        try:
            match wish:
                case "attach":
                    self.wanted.attach_volume("vol-1", "data", f"/data{self.wanted.generation}")
                case _:
                    getattr(self.wanted, wish)()
        except Conflict:
            return
        self.may_start += self.tell().count("StartRequested") + (wish == "reboot")

    @rule(name=st.sampled_from(list(INSTANCE_TYPES)))
    def change_type(self, name: str) -> None:
        if self.wanted.wanted != "terminated":
            self.wanted.change_type(name)

    @precondition(lambda self: self.wanted.version > 15)
    @rule()
    def terminate(self) -> None:
        self.wanted.terminate()

    @precondition(lambda self: self.box.is_up)
    @rule(exit_code=st.sampled_from([0, 1, 137]), then=st.sampled_from(["stays", "restarts", "waits"]))
    def end(self, exit_code: int, then: str) -> None:
        covered = self.wanted.restart == "always" or (self.wanted.restart == "on-failure" and exit_code != 0)
        if then == "waits" and covered:
            self.box.end(self.box.ended_by_accident, exit_code, "restarting")
            return
        self.box.end(self.box.ended_by_accident, exit_code)
        if then == "restarts" and covered:
            self.box.begin()

    @precondition(lambda self: self.box.seen is not None)
    @rule()
    def vanish(self) -> None:
        seen = self.box.seen
        if seen is not None and not (self.wanted.is_up and seen.started_at == self.wanted.started_at):
            # This run was never reported and leaves no trace, so the program is started again.
            self.may_start += 1
        self.box.vanish()

    @precondition(lambda self: self.box.state in {"running", "paused"})
    @rule(frozen=st.booleans())
    def pause(self, *, frozen: bool) -> None:
        self.box.pause(frozen=frozen)

    @precondition(lambda self: self.box.state in {"created", "exited"})
    @rule()
    def start_by_hand(self) -> None:
        self.box.begin()

    @precondition(lambda self: self.box.state == "exited")
    @rule()
    def break_for_good(self) -> None:
        self.box.break_for_good()

    @precondition(lambda self: self.box.seen is not None)
    @rule()
    def change_limits_by_hand(self) -> None:
        self.box.limit(8, 4096)

    @rule()
    def engine_goes_silent(self) -> None:
        if self.wanted.status != "terminated":
            self.wanted.report_failed("the container engine does not answer")

    @rule(steps=st.integers(1, 3), cut=st.booleans())
    def work_and_die(self, steps: int, *, cut: bool) -> None:
        self.manager.cut = cut
        for _ in range(steps):
            self.manager.step()
        self.manager.cut = False

    @rule(broken=st.sampled_from(EFFECTS))
    def be_refused(self, broken: NextAction) -> None:
        self.manager.broken = {broken}
        for _ in range(12):
            self.manager.step()
        self.tell()
        for _ in range(3):
            self.manager.step()
        assert self.tell() == [], "a repeated refusal is reported once"
        self.manager.broken = set()

    @rule()
    def settle(self) -> None:
        self.manager.settle()
        self.tell()
        assert self.manager.step() is NextAction.NOTHING
        assert self.tell() == []
        self.check()

    @invariant()
    def no_end_is_told_twice_nor_one_that_we_brought_about(self) -> None:
        self.tell()
        assert len(self.reported) == len(set(self.reported))
        assert set(self.reported) <= self.box.ended_by_accident

    @invariant()
    def a_program_that_never_restarts_is_started_once_per_wish(self) -> None:
        if self.wanted.restart == "never":
            assert self.manager.starts <= self.may_start

    def check(self) -> None:
        match self.wanted.wanted:
            case "terminated":
                assert (self.wanted.status, self.box.seen) == ("terminated", None)
            case "stopped":
                assert self.wanted.status == "stopped"
                assert self.box.state in {None, "created", "exited", "dead"}
            case "running":
                seen, limits = self.box.seen, instance_type(self.wanted.type)
                assert seen is not None
                assert (self.wanted.status, seen.state) == ("running", "running")
                assert (seen.started_at, seen.address) == (self.wanted.started_at, self.wanted.address)
                assert seen.generation == self.wanted.generation
                assert (seen.cpus, seen.memory_mb) == (limits.cpus, limits.memory_mb)
        assert self.wanted.applied_type == self.wanted.type or self.wanted.wanted == "terminated"

    def teardown(self) -> None:
        if hasattr(self, "wanted"):
            self.settle()


Life.TestCase.settings = settings(max_examples=sample(200, 2000), stateful_step_count=30, deadline=None)
TestLife = Life.TestCase


@pytest.mark.parametrize("restart", ["always", "on-failure", "never"])
def test_a_launch_takes_three_steps(restart: RestartPolicy) -> None:
    manager = Manager.of(restart)
    assert [manager.step() for _ in range(4)] == [
        NextAction.MAKE,
        NextAction.START,
        NextAction.REPORT_STARTED,
        NextAction.NOTHING,
    ]
    assert told(manager.wanted) == ["started"]


def test_a_start_soon_after_a_stop_that_was_carried_out_is_no_crash() -> None:
    manager = Manager.of("never")
    manager.step()
    manager.step()  # it runs, and that is not reported yet
    manager.wanted.stop()
    assert manager.step() is NextAction.STOP
    manager.wanted.start()
    manager.settle()
    assert told(manager.wanted) == ["stop_requested", "start_requested", "stopped", "started"]
    assert manager.wanted.status == "running"


def test_an_end_while_the_engine_was_silent_is_told_when_it_is_back() -> None:
    manager = Manager.of("never")
    manager.settle()
    manager.wanted.report_failed("the container engine does not answer")
    manager.box.end(manager.box.ended_by_accident, 137)
    manager.settle()
    assert told(manager.wanted) == ["started", "failed", "crashed"]
    assert manager.wanted.status == "stopped"


def test_limits_that_are_refused_again_and_again_are_told_once() -> None:
    manager = Manager.of("always")
    manager.settle()
    manager.wanted.change_type("nano")
    told(manager.wanted)
    manager.broken = {NextAction.RESIZE}
    for _ in range(10):
        manager.step()
    assert told(manager.wanted) == ["failed"]
    manager.broken = set()
    manager.settle()
    assert told(manager.wanted) == ["started", "resized"]


def test_a_replacement_of_what_is_stopped_that_is_refused_again_and_again_is_told_once() -> None:
    manager = Manager.of("always")
    manager.settle()
    manager.wanted.stop()
    manager.settle()
    manager.wanted.attach_volume("vol-1", "data", "/data")
    told(manager.wanted)
    manager.broken = {NextAction.MAKE}
    for _ in range(10):
        manager.step()
    assert told(manager.wanted) == ["failed"]
    manager.broken = set()
    manager.settle()
    assert told(manager.wanted) == ["stopped"]


def test_a_reboot_is_one_stop_and_one_start() -> None:
    manager = Manager.of("never")
    manager.settle()
    manager.wanted.reboot()
    assert [manager.step() for _ in range(3)] == [
        NextAction.RESTART,
        NextAction.REPORT_STARTED,
        NextAction.NOTHING,
    ]
    assert (manager.starts, told(manager.wanted)) == (2, ["started", "reboot_requested", "started"])


def test_what_runs_with_outdated_volumes_is_replaced() -> None:
    manager = Manager.of("always")
    manager.settle()
    manager.wanted.stop()
    manager.settle()
    manager.wanted.attach_volume("vol-1", "data", "/data")
    manager.box.begin()  # by hand
    manager.wanted.start()
    assert manager.step() is NextAction.MAKE
    manager.settle()
    assert manager.box.seen is not None
    assert manager.box.seen.generation == 2


def test_a_stopped_container_lets_go_of_a_volume_that_was_detached() -> None:
    manager = Manager.of("always")
    manager.settle()
    manager.wanted.stop()
    manager.settle()
    manager.wanted.attach_volume("vol-1", "data", "/data")
    assert [manager.step() for _ in range(2)] == [NextAction.MAKE, NextAction.NOTHING]
    manager.wanted.detach_volume("vol-1")
    assert [manager.step() for _ in range(2)] == [NextAction.MAKE, NextAction.NOTHING]
    assert manager.wanted.status == "stopped"
