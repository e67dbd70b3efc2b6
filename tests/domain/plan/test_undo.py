"""What an undo leads to, when others have changed things meanwhile."""

from dataclasses import replace
from typing import Any

from domain.plan import Action, Estate, Identity, Key, Resource, estate
from domain.plan.difference import plan
from domain.plan.facts import Facts
from domain.plan.options import Conflict, Mode, Options
from domain.plan.undo import Undo, undo

WEB = Key("instance", "web-1")


def instance(version: int = 1, tags: dict[str, str] | None = None, **spec: Any) -> Estate:
    given = {"image": "one", "type": "micro", "vpc": "default", "volumes": [], **spec}
    return estate(
        [
            Resource(
                "instance",
                "web-1",
                given,
                tags or {},
                running=True,
                identity=Identity("i-1", version, "running"),
            )
        ]
    )


def test_a_field_that_only_the_request_changed_gets_its_value_of_before() -> None:
    undone = undo(instance(), instance(type="small"), instance(type="small", tags={"env": "test"}))
    assert undone.conflicts == ()
    assert undone.desired[WEB].spec["type"] == "micro"
    assert undone.desired[WEB].tags == {"env": "test"}, "what others changed stays"


def test_a_field_that_was_changed_again_is_a_conflict_and_left_alone() -> None:
    before, after, now = instance(), instance(type="small"), instance(type="large")
    undone = undo(before, after, now)
    assert undone.conflicts == (Conflict(WEB, "type", "micro", "large"),)
    assert undone.desired[WEB].spec["type"] == "large"
    [step] = steps(undone, now)
    assert (step.action, step.before, step.after) == (Action.CANNOT, {"type": "large"}, {"type": "micro"})


def test_a_forced_undo_wins() -> None:
    undone = undo(instance(), instance(type="small"), instance(type="large"), is_forced=True)
    assert (undone.conflicts, undone.desired[WEB].spec["type"]) == ((), "micro")


def test_tags_are_compared_one_by_one() -> None:
    before, after = instance(tags={"a": "1"}), instance(tags={"a": "2", "b": "2"})
    undone = undo(before, after, instance(tags={"a": "2", "b": "2", "c": "3"}))
    assert (undone.conflicts, undone.desired[WEB].tags) == ((), {"a": "1", "c": "3"})
    contested = undo(before, after, instance(tags={"a": "3"}))
    assert contested.conflicts == (Conflict(WEB, "tags.a", "1", "3"),)
    assert contested.desired[WEB].tags == {"a": "3"}


def test_what_the_request_created_is_removed_unless_somebody_changed_it_since() -> None:
    assert WEB not in undo({}, instance(), instance()).desired
    changed = undo({}, instance(), instance(type="small"))
    assert [each.field for each in changed.conflicts] == ["existence"]
    assert WEB in changed.desired


def test_what_the_request_removed_comes_back_from_the_trash() -> None:
    before = instance()
    undone = undo(before, {}, {})
    [step] = plan(undone.desired, {}, Facts(trash={"i-1": before[WEB]}), _options(undone))
    assert (step.command, step.identity) == ("restore_from_trash", before[WEB].identity)


def test_what_the_request_replaced_takes_its_place_again() -> None:
    before = instance()
    other = {
        WEB: replace(
            before[WEB], spec={**before[WEB].spec, "image": "two"}, identity=Identity("i-2", 1, "running")
        )
    }
    undone = undo(before, other, other)
    found = plan(undone.desired, other, Facts(trash={"i-1": before[WEB]}), _options(undone))
    assert [step.command for step in found] == ["terminate", "restore_from_trash"]


def test_the_undo_of_an_undo_is_a_redo() -> None:
    first, second = instance(), instance(type="small")
    undone = undo(first, second, second).desired
    assert undo(second, undone, undone).desired[WEB].spec == second[WEB].spec


def steps(undone: Undo, now: Estate) -> Any:
    return plan(undone.desired, now, Facts(), _options(undone))


def _options(undone: Undo) -> Options:
    return Options(mode=Mode.UNDO, scope=undone.scope, conflicts=undone.conflicts)
