"""A simulated container and its manager: one step at a time, recording each exit and its cause."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from domain.aggregate import Aggregate, snake_case
from domain.instance import Instance, LaunchSpec, NextAction, ProgramEnd, next_action
from domain.instance.spec import RestartPolicy
from domain.instance_type import instance_type
from domain.ports import ContainerState, SeenContainer
from domain.values import public_id

VPC = UUID(int=1)
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
MOST_STEPS = 12


def spec(**changes: object) -> LaunchSpec:
    wanted = LaunchSpec(
        account_id="main",
        name="web-1",
        image="nginx:1.27",
        type="micro",
        vpc_id=VPC,
        vpc_public_id=public_id("vpc", VPC),
        vpc_name="default",
    )
    return replace(wanted, **changes)


def instance(**changes: object) -> Instance:
    """Return a requested instance, with its events collected."""
    found = Instance.launch(spec(**changes), {})
    told(found)
    return found


def told(aggregate: Aggregate) -> list[str]:
    """Return the events since the last call, by stored name without the kind."""
    return [snake_case(type(event).__name__) for event in aggregate.collect_events()]


@dataclass
class Box:
    """The container. A run is identified by its start time."""

    seen: SeenContainer | None = None
    runs: int = 0
    ended_by_us: set[datetime] = field(default_factory=set[datetime])
    ended_by_accident: set[datetime] = field(default_factory=set[datetime])

    @property
    def state(self) -> ContainerState | None:
        return self.seen.state if self.seen else None

    @property
    def is_up(self) -> bool:
        return self.state in {"running", "paused"}

    def make(self, wanted: Instance) -> None:
        if self.seen is not None and self.seen.generation >= wanted.generation and self.state != "dead":
            return
        self.end(self.ended_by_us)
        limits = instance_type(wanted.type)
        self.seen = SeenContainer(
            "created",
            wanted.generation,
            None,
            None,
            None,
            oom_killed=False,
            address=None,
            cpus=limits.cpus,
            memory_mb=limits.memory_mb,
        )

    def begin(self) -> None:
        assert self.seen is not None
        self.runs += 1
        self.seen = replace(
            self.seen,
            state="running",
            started_at=EPOCH + timedelta(seconds=self.runs),
            exit_code=None,
            address="10.0.0.2",
        )

    def end(self, whose: set[datetime], exit_code: int = 0, state: ContainerState = "exited") -> None:
        if self.seen is None or self.state in {"exited", "created", "dead"}:
            return
        assert self.seen.started_at is not None
        if self.is_up:
            whose.add(self.seen.started_at)
        self.seen = replace(self.seen, state=state, exit_code=exit_code, address=None)

    def pause(self, *, frozen: bool) -> None:
        assert self.seen is not None
        self.seen = replace(self.seen, state="paused" if frozen else "running")

    def limit(self, cpus: float, memory_mb: int) -> None:
        assert self.seen is not None
        self.seen = replace(self.seen, cpus=cpus, memory_mb=memory_mb)

    def break_for_good(self) -> None:
        assert self.seen is not None
        self.seen = replace(self.seen, state="dead")

    def vanish(self) -> None:
        self.end(self.ended_by_accident)
        self.seen = None


@dataclass
class Manager:
    """Carries out steps like the real one."""

    wanted: Instance
    box: Box = field(default_factory=Box)
    broken: set[NextAction] = field(default_factory=set[NextAction])
    cut: bool = False
    """Die between the two halves of a step."""
    starts: int = 0

    @classmethod
    def of(cls, restart: RestartPolicy) -> "Manager":
        return cls(instance(restart=restart))

    def step(self) -> NextAction:
        step = next_action(self.wanted, self.box.seen)
        if step in self.broken:
            self.wanted.report_failed(f"cannot {step}")
        else:
            self._carry_out(step)
        return step

    def settle(self) -> int:
        """Run steps until there are none, and return how many it took."""
        for count in range(MOST_STEPS):
            step = self.step()
            if step is NextAction.NOTHING:
                return count
            if step is NextAction.WAIT:
                self.box.begin()  # the engine does
        raise AssertionError("no end of steps")

    def _carry_out(self, step: NextAction) -> None:
        effects: dict[NextAction, Callable[[], None]] = {
            NextAction.MAKE: lambda: self.box.make(self.wanted),
            NextAction.START: self._start,
            NextAction.STOP: lambda: self.box.end(self.box.ended_by_us),
            NextAction.RESTART: self._restart,
            NextAction.RESIZE: self._resize,
            NextAction.REMOVE: self._remove,
        }
        effects.get(step, lambda: self._report(step))()

    def _start(self) -> None:
        if self.box.state == "paused":
            self.box.pause(frozen=False)
        elif self.box.state != "running":
            assert self.box.state in {"created", "exited"}, "only such a container can be started"
            self.starts += 1
            self.box.begin()

    def _restart(self) -> None:
        self.box.end(self.box.ended_by_us)
        if not self.cut:
            self._start()

    def _resize(self) -> None:
        limits = instance_type(self.wanted.type)
        self.box.limit(limits.cpus, limits.memory_mb)

    def _remove(self) -> None:
        self.box.end(self.box.ended_by_us)
        self.box.seen = None

    def _report(self, step: NextAction) -> None:
        seen, wanted = self.box.seen, self.wanted
        match step:
            case NextAction.REPORT_STARTED:
                assert seen is not None
                assert seen.started_at is not None
                wanted.report_started(seen.address, seen.started_at)
            case NextAction.REPORT_STOPPED:
                wanted.report_stopped(*((seen.exit_code, seen.started_at) if seen else (None, None)))
            case NextAction.REPORT_RESIZED:
                wanted.report_resized()
            case NextAction.REPORT_PAUSED:
                wanted.report_failed("its program was paused by hand")
            case NextAction.REPORT_UNASKED:
                wanted.report_failed("it was started by hand")
            case NextAction.REPORT_TERMINATED:
                wanted.report_terminated()
            case NextAction.REPORT_CRASHED | NextAction.REPORT_LOST:
                ended = seen is not None and seen.state != "running"
                run = seen.started_at if seen is not None and ended else wanted.started_at
                wanted.report_crashed(ProgramEnd(seen.exit_code if seen else None, "it ended", run, None))
            case _:
                pass
