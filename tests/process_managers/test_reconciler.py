"""The frame of process managers: what ends a pass, what is reported of a failure, and when it loads again."""

from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Any

import pytest

from domain.errors import ImagePending, PortError, Refused
from domain.volume import Volume
from miniaws.runtime.reconciler import Reconciler, ReconcileResult, State, failure
from tests.process_managers.stage import REQUEST, Stage

CarryOut = Callable[["Action", Volume, int], Awaitable[ReconcileResult | State[Volume, int] | None]]


class Action(StrEnum):
    NOTHING = "nothing"
    GROW = "grow"


class World:
    """A number that should be three; each action adds one."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.size = 0
        self.observed = 0
        self.failures: list[PortError] = []

    def reconciler(self, carry_out: CarryOut | None = None, **more: Any) -> Reconciler[Volume, int, Action]:
        return Reconciler(
            self.stage.cloud,
            Volume,
            observe=self._observe,
            next_action=lambda _, size: Action.NOTHING if size == 3 else Action.GROW,
            carry_out=carry_out or self._grow,
            resting={Action.NOTHING: 7.0},
            failure=failure,
            **more,
        )

    async def _observe(self, _: Volume) -> int:
        self.observed += 1
        return self.size

    async def _grow(self, action: Action, volume: Volume, size: int) -> None:
        assert (action, volume.name, size) == (Action.GROW, "data", self.size)
        self.size += 1


@pytest.fixture
def world(stage: Stage) -> World:
    return World(stage)


async def test_a_pass_repeats_actions_until_one_is_resting(stage: Stage, world: World) -> None:
    volume = await stage.volume()
    result = await world.reconciler().reconcile(volume.id)
    assert (world.size, world.observed) == (3, 4)
    assert result == ReconcileResult("grow, grow, grow", 7.0)
    assert await world.reconciler().reconcile(volume.id) == ReconcileResult("nothing", 7.0)


async def test_a_pass_that_makes_no_progress_ends_and_is_continued_soon(stage: Stage, world: World) -> None:
    async def fail_silently(*_: Any) -> None:
        return None

    result = await world.reconciler(fail_silently).reconcile((await stage.volume()).id)
    assert world.observed < 20
    assert result.requeue_after_s is not None


async def test_a_result_ends_the_pass_and_names_what_was_done_before(stage: Stage, world: World) -> None:
    async def grow_once(action: Action, volume: Volume, size: int) -> ReconcileResult | None:
        if size == 1:
            return ReconcileResult("waits", 0.3)
        await world.reconciler().carry_out(action, volume, size)
        return None

    result = await world.reconciler(grow_once).reconcile((await stage.volume()).id)
    assert result == ReconcileResult("grow, waits", 0.3)


async def test_a_state_that_is_known_is_not_observed_again(stage: Stage, world: World) -> None:
    async def grow(_: Action, volume: Volume, size: int) -> State[Volume, int]:
        return State(volume, size + 1)

    await world.reconciler(grow).reconcile((await stage.volume()).id)
    assert world.observed == 1


async def test_a_stage_ends_the_pass_before_anything_is_observed(stage: Stage, world: World) -> None:
    async def skip(_: Volume) -> None:
        return None

    async def wait(_: Volume) -> ReconcileResult:
        return ReconcileResult("waits for its files", 0.2)

    volume = await stage.volume()
    result = await world.reconciler(stages=(skip, wait)).reconcile(volume.id)
    assert (result.sentence, world.observed) == ("waits for its files", 0)
    await world.reconciler(stages=(skip,)).reconcile(volume.id)
    assert world.size == 3


@pytest.mark.parametrize(
    ("error", "event"),
    [(Refused("cannot grow: it is full"), "failed"), (ImagePending("fetches its image"), "image_awaited")],
)
async def test_a_failure_is_reported_and_raised(
    stage: Stage, world: World, error: PortError, event: str
) -> None:
    async def fail(*_: Any) -> None:
        raise error

    async def note(volume: Volume, failed: PortError) -> None:
        assert volume.status_reason == str(error)
        world.failures.append(failed)

    volume = await stage.volume()
    for _ in range(2):
        with pytest.raises(type(error)):
            await world.reconciler(fail, after_failure=note).reconcile(volume.id)
    assert await stage.told(volume) == ["create_requested", event], "once per reason"
    assert world.failures == [error, error]


async def test_a_failure_on_a_state_that_somebody_changed_is_not_reported(stage: Stage, world: World) -> None:
    changes = [{"for": "shop"}]

    async def fail(_: Action, volume: Volume, __: int) -> None:
        if changes:
            await stage.cloud.change(
                REQUEST, Volume, volume.public_id, lambda each: each.change_tags(changes.pop())
            )
        raise Refused("cannot grow: it is full")

    volume = await stage.volume()
    result = await world.reconciler(fail).reconcile(volume.id)
    assert result == ReconcileResult(
        "was changed during the pass, which failed: cannot grow: it is full", 0.0
    )
    assert await stage.told(volume) == ["create_requested", "tags_changed"]
    with pytest.raises(Refused):
        await world.reconciler(fail).reconcile(volume.id)
    assert (await stage.told(volume))[-1] == "failed"


async def test_a_failure_after_a_report_of_its_own_is_reported(stage: Stage, world: World) -> None:
    async def fail(_: Action, volume: Volume, __: int) -> None:
        await world.reconciler().report(volume, Volume.report_available)
        raise Refused("cannot grow: it is full")

    volume = await stage.volume()
    with pytest.raises(Refused):
        await world.reconciler(fail).reconcile(volume.id)
    assert await stage.told(volume) == ["create_requested", "became_available", "failed"]


async def test_a_failure_that_somebody_changes_while_it_is_reported_is_dropped(
    stage: Stage, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = stage.cloud.report

    async def late(*arguments: Any) -> Any:
        await stage.cloud.change(
            REQUEST, Volume, volume.public_id, lambda each: each.change_tags({"for": "shop"})
        )
        return await report(*arguments)

    async def fail(*_: Any) -> None:
        monkeypatch.setattr(stage.cloud, "report", late)
        raise Refused("cannot grow: it is full")

    volume = await stage.volume()
    assert (await world.reconciler(fail).reconcile(volume.id)).requeue_after_s == 0
    assert await stage.told(volume) == ["create_requested", "tags_changed"]


async def test_reports_are_made_by_the_manager_of_the_kind(stage: Stage, world: World) -> None:
    reconciler = world.reconciler()
    volume = await reconciler.report(await stage.volume(), Volume.report_available)
    assert volume.status == "available"
    events = await stage.cloud.ports.store.events(volume.id)
    assert (events[-1].actor, events[-1].account_id) == ("system:volume-manager", "main")
