"""The rules of scaling groups."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domain.aggregate import Claim
from domain.errors import Conflict, Invalid, NotFound
from domain.managed import BeingDeleted
from domain.scaling_group import HealthPolicy, ScalingGroup, Size, Template
from domain.scaling_group.member import STEADY_S, SeenInstance
from domain.scaling_group.refresh import RefreshRuns
from domain.scaling_group.replay import replay
from domain.scaling_group.template import OWNED_TAG
from domain.vpc import use_scope
from tests.domain.groups import NOW, TEMPLATE, VPC, Pretended, measured, running, spec
from tests.domain.pretended import told
from tests.domain.refusals import refused

TRACKING = {"type": "target-tracking", "metric": "cpu", "target": 50.0, "periods_in": 5, "warmup_s": 10}


def followed() -> Pretended:
    """Return a group with a policy, whose instances have been in service for a long time."""
    found = running()
    found.wait(3600)
    found.group.put_policy("cpu", TRACKING, found.now)
    told(found.group)
    return found


def scaled(found: Pretended, *averages: float | None) -> ScalingGroup.Decided | None:
    """Evaluate the policy with these averages, and return the decisions."""
    readings = [
        reading._replace(at=reading.at + (found.now - NOW)) for reading in measured(*averages, instances=2)
    ]
    found.group.scale({"cpu": readings}, found.now)
    events = found.group.collect_events()
    assert len(events) <= 1
    return next((event for event in events if isinstance(event, ScalingGroup.Decided)), None)


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"size": Size(3, 2, 5)}, "desired", ("from `min` to `max`, 3 to 5",)),
        ({"size": Size(5, 5, 2)}, "min", ("at most `max`, which is 2",)),
        ({"size": Size(0, 0, 101)}, "max", ("0 to 100",)),
        ({"name": "w" * 57}, "name", ("at most 56",)),
        ({"name": "Web!"}, "name", ("lower-case",)),
        ({"health_policy": HealthPolicy(replace_percent=0)}, "replace_percent", ("1 to 100",)),
        ({"health_policy": HealthPolicy(grace_s=-1)}, "health_check_grace_s", ("0 to 3600",)),
        ({"template": replace(TEMPLATE, type="huge")}, "template.type", ("micro",)),
        ({"template": replace(TEMPLATE, tags={OWNED_TAG: "mine"})}, "template.tags", (OWNED_TAG,)),
    ],
)
def test_a_group_that_cannot_be_is_refused(
    changes: dict[str, Any], field: str, words: tuple[str, ...]
) -> None:
    with refused(Invalid, *words, field=field):
        ScalingGroup.create(spec(**changes), {})


def test_a_group_holds_its_name_and_its_place_in_the_vpc() -> None:
    group = ScalingGroup.create(spec(), {})
    place = Claim(use_scope(VPC), group.public_id, group.id, "web")
    assert group.conditions.claims == group.held_claims() == [group.name_claim(), place]
    assert group.conditions.requires == [Claim("alive", TEMPLATE.vpc_id, VPC)]


def test_its_instances_are_named_after_it_and_tagged_with_its_id() -> None:
    wanted = TEMPLATE.spec("main", "web-1", "asg-1", {}, None)
    assert (wanted.name, wanted.tags, wanted.vpc_id) == ("web-1", {OWNED_TAG: "asg-1"}, VPC)
    assert Template.from_json(TEMPLATE.as_json()) == replace(
        TEMPLATE, command=[], environment_names=[], ports=[], capabilities=[]
    )


def test_it_is_available_when_it_has_what_is_desired() -> None:
    found = Pretended()
    found.carry_out()
    found.see("running", "web-1")
    found.observe()
    found.group.report_state(None)
    assert found.group.status == "creating"
    found.group.report_state("web-2: no such image")
    assert (found.group.status, found.group.status_reason) == ("error", "web-2: no such image")
    found.see("running")
    found.observe()
    found.group.report_state(None)
    assert (found.group.status, found.group.status_reason) == ("available", None)


def test_a_decision_is_written_with_its_numbers_and_idleness_once_per_reason() -> None:
    found = followed()
    event = scaled(found, 40, 40, 40)
    assert event is not None
    assert (event.action, event.reason, event.desired) == ("hold", "as wanted", 2)
    assert scaled(found, 45, 41, 39) is None
    event = scaled(found, 90, 90, 90)
    assert event is not None
    assert (event.action, event.desired_before, event.desired, event.policy_name) == ("out", 2, 4, "cpu")
    assert event.evidence["policies"]["cpu"]["value"] == 90
    assert event.evidence["in_service"] == 2
    assert found.group.size.desired == 4


def test_a_decision_made_again_from_its_event_is_the_same() -> None:
    found = followed()
    before = found.group
    readings = {"cpu": measured(*[90] * 5, instances=2)}
    found.group.scale(readings, found.now)
    (event,) = found.group.collect_events()
    assert isinstance(event, ScalingGroup.Decided)
    before = followed().group
    before.last_out_at = None
    assert replay(before, event).agrees
    forged = replace(event, evidence={**event.evidence, "policies": {"cpu": {"readings": []}}})
    assert not replay(before, forged).agrees


def test_a_cooldown_is_part_of_the_group() -> None:
    found = followed()
    scaled(found, 90, 90, 90)
    found.settle()
    found.wait(20)
    event = scaled(found, 1, 1, 1, 1, 1)
    assert event is None or event.action == "hold"
    found.wait(300)
    readings = [r._replace(at=r.at + (found.now - NOW)) for r in measured(*[1] * 5, instances=4)]
    found.group.scale({"cpu": readings}, found.now)
    assert found.group.size.desired == 3


def test_nothing_is_decided_while_scaling_rests() -> None:
    found = followed()
    found.group.suspend(["scaling"])
    told(found.group)
    event = scaled(found, 90, 90, 90)
    assert event is not None
    assert (event.action, event.reason) == ("hold", "scaling is suspended")
    found.group.resume([])
    assert found.group.suspended == []


def test_a_schedule_sets_sizes_once_even_after_a_pause() -> None:
    found = running()
    nightly = {"type": "scheduled", "cron": "0 * * * *", "min": 3, "desired": 4}
    found.group.put_policy("hourly", nightly, found.now)
    found.wait(3 * 3600)
    found.group.apply_schedules(found.now)
    assert found.group.size == Size(3, 4, 10)
    found.group.resize(Size(1, 1, 10))
    found.group.apply_schedules(found.now)
    assert found.group.size == Size(1, 1, 10)
    assert told(found.group) == ["policy_changed", "schedule_applied", "size_changed"]


def test_a_schedule_moves_the_bounds_it_does_not_name_out_of_its_way() -> None:
    found = running()
    found.group.put_policy("off", {"type": "scheduled", "cron": "* * * * *", "max": 0}, found.now)
    found.wait(61)
    found.group.apply_schedules(found.now)
    assert found.group.size == Size(0, 0, 0)


def test_a_policy_that_is_not_there_cannot_be_removed() -> None:
    with refused(NotFound, "`nosuch`", "show the group"):
        running().group.remove_policy("nosuch")


def test_protection_is_of_instances_of_the_group() -> None:
    found = running()
    found.group.protect("web-1", is_protected=True)
    found.group.protect("web-1", is_protected=True)
    assert told(found.group) == ["protection_changed"]
    with refused(NotFound, "`web-9`", field="instance"):
        found.group.protect("web-9", is_protected=True)


def test_a_refresh_needs_an_older_template_and_runs_alone() -> None:
    found = running()
    with refused(Conflict, "already"):
        found.group.refresh(rolls_back=True, now=found.now)
    found.group.change_template({"image": "miniaws/hello:2"}, {})
    found.group.refresh(rolls_back=True, now=found.now)
    with refused(RefreshRuns, "to template 2", "wait", "cancel"):
        found.group.change_template({"image": "miniaws/hello:3"}, {})
    found.group.cancel_refresh()
    assert found.group.refreshing is None
    with refused(Conflict, "no refresh"):
        found.group.cancel_refresh()


def test_a_group_that_goes_takes_no_change_and_gives_everything_back() -> None:
    found = running()
    found.group.delete()
    with refused(BeingDeleted, "web"):
        found.group.resize(Size(1, 1, 1))
    with refused(BeingDeleted, "web"):
        found.group.put_policy("cpu", TRACKING, found.now)
    found.settle()
    assert found.group.members == {}
    found.group.report_deleted()
    assert found.group.held_claims() == []


def test_launches_that_fail_again_and_again_are_tried_ever_more_seldom() -> None:
    found = running(size=Size(0, 0, 1))
    found.group.resize(Size(0, 1, 1))
    pauses: list[timedelta] = []
    for _ in range(9):
        found.carry_out()
        found.see("stopped", reason="no such program")
        found.observe()
        found.carry_out()
        found.observe()
        retry_at = found.group.retry_at
        assert retry_at is not None
        assert found.plan().launches == 0
        pauses.append(retry_at - found.now)
        found.now = retry_at
    assert [pause.total_seconds() for pause in pauses] == [5, 10, 20, 40, 80, 160, 300, 300, 300]
    found.settle()
    assert (found.group.failures, found.group.retry_at) == (0, None)


def test_an_instance_is_in_service_when_it_has_run_for_a_moment() -> None:
    found = Pretended()
    found.carry_out()
    for seen_for_s, serving in ((0, 0), (STEADY_S, 2)):
        for member in found.group.members.values():
            since = found.now - timedelta(seconds=seen_for_s)
            found.seen[member.instance_id] = SeenInstance("running", None, since)
        found.observe()
        assert sum(member.serves for member in found.group.members.values()) == serving
