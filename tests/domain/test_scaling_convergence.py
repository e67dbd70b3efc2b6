"""A group converges to its size from any state, and removes no serving instance before its replacement serves."""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.scaling_group import Attachment, HealthPolicy, ScalingGroup, Size
from domain.scaling_group.member import RESTART_S, STARTUP_S
from domain.scaling_group.settings import TerminationPolicy
from tests.domain.groups import GRACE_S, Pretended, running, spec
from tests.domain.pretended import told

WEB = Attachment("lb-1", "web", 8080)
TEN = Size(1, 10, 20)


def test_a_new_group_launches_what_is_desired() -> None:
    found = Pretended()
    assert found.carry_out().launches == 2
    assert found.carry_out().launches == 0
    found.settle()
    assert found.names == ["web-1", "web-2"]


def test_what_was_terminated_by_hand_is_replaced() -> None:
    found = running()
    found.see("terminated", "web-1")
    assert found.observe() == ["instance_ended"]
    found.settle()
    assert found.names == ["web-2", "web-3"]


def test_what_was_stopped_by_hand_is_ended_and_replaced() -> None:
    found = running()
    found.see("stopped", "web-1")
    assert found.observe() == ["instance_became_unhealthy"]
    steps = found.plan()
    assert (steps.launches, [release.reason for release in steps.releases]) == (1, ["it was stopped"])
    found.settle()
    assert found.names == ["web-2", "web-3"]


def test_a_program_that_is_started_again_in_time_is_left_alone() -> None:
    found = running()
    found.see("starting", "web-1")
    found.wait(GRACE_S - 1)
    assert found.observe() == []
    found.see("running", "web-1")
    found.wait(GRACE_S)
    assert found.observe() == []
    found.see("starting", "web-1")
    found.wait(GRACE_S)
    assert found.observe() == ["instance_became_unhealthy"]


def test_an_instance_that_heals_before_it_goes_stays() -> None:
    found = running()
    found.see("error", "web-1", reason="no space")
    found.wait(GRACE_S)
    assert found.observe() == ["instance_became_unhealthy"]
    assert found.plan().releases == ()
    found.see("running", "web-1")
    assert found.observe() == ["instance_recovered"]
    found.settle()
    assert "web-1" in found.names


def test_a_new_instance_counts_once_its_load_balancers_send_to_it_or_its_time_is_over() -> None:
    found = Pretended(ScalingGroup.create(spec(attachments=[WEB]), {}))
    found.carry_out()
    told(found.group)
    found.see("running", "web-1", health="healthy")
    found.see("running", "web-2", health="unhealthy")
    assert found.observe() == ["instance_entered"]
    found.wait(GRACE_S)
    assert found.observe() == ["instance_entered"], "it runs, and that is what was to be asked for"
    found.see("running", health="unhealthy")
    assert found.observe() == [], "nothing is replaced for what load balancers say"


def test_an_overloaded_group_is_not_torn_down() -> None:
    """Every instance fails its health check, new ones too: running ones keep running."""
    found = running(size=TEN, health_policy=HealthPolicy("load-balancer", 10, 20), attachments=[WEB])
    for _ in range(200):
        found.see("running", health="unhealthy")
        found.observe()
        found.carry_out()
        assert found.serving >= TEN.desired
        assert len(found.group.members) <= TEN.desired + 2 + sum(
            member.is_leaving for member in found.group.members.values()
        )
        found.wait(5)
    found.see("running", health="healthy")
    found.settle()
    assert len(found.names) == TEN.desired


def test_of_unhealthy_instances_a_share_is_replaced_at_once_each_after_its_successor_serves() -> None:
    found = running(size=TEN)
    ill = tuple(f"web-{number}" for number in range(1, 6))
    found.see("error", *ill)
    found.wait(GRACE_S)
    found.observe()
    steps = found.carry_out()
    assert (steps.launches, steps.releases) == (2, ())
    found.settle()
    assert not set(ill) & set(found.names)
    assert len(found.names) == TEN.desired


def test_the_oldest_the_newest_or_those_of_an_older_template_go_first() -> None:
    orders: dict[TerminationPolicy, list[str]] = {
        "oldest": ["web-3"],
        "newest": ["web-1"],
        "oldest-template": ["web-3"],
    }
    for policy, left in orders.items():
        found = running(size=Size(1, 2, 10), health_policy=HealthPolicy(termination_policy=policy))
        found.group.change_template({"image": "miniaws/hello:2"}, {})
        found.group.resize(Size(1, 3, 10))
        found.settle()
        found.group.resize(Size(1, 1, 10))
        found.settle()
        assert found.names == left, policy


def test_a_protected_instance_stays_when_the_group_gets_smaller() -> None:
    found = running(size=Size(0, 3, 10))
    found.group.protect("web-1", is_protected=True)
    found.group.resize(Size(0, 0, 10))
    found.settle()
    assert found.names == ["web-1"]


def test_what_rests_is_not_done() -> None:
    found = running()
    found.group.suspend(["launch", "terminate"])
    found.group.resize(Size(1, 1, 10))
    assert found.plan().releases == ()
    found.group.resize(Size(1, 5, 10))
    assert found.plan().launches == 0
    found.group.suspend(["health"])
    told(found.group)
    found.see("stopped", "web-1")
    assert found.observe() == []


def test_a_refresh_replaces_all_and_never_has_fewer_in_service() -> None:
    found = running(size=TEN)
    before = set(found.names)
    found.group.change_template({"image": "miniaws/hello:2"}, {})
    found.group.refresh(rolls_back=True, now=found.now)
    for _ in range(40):
        found.carry_out()
        found.see("running")
        found.observe()
        assert found.serving >= TEN.desired
        assert len([m for m in found.group.members.values() if not m.is_leaving]) <= TEN.desired + 2
        found.wait(1)
    found.settle()
    assert not before & set(found.names)
    assert {member.template_version for member in found.group.members.values()} == {2}


def test_a_refresh_whose_instances_fail_goes_back() -> None:
    found = running(size=TEN)
    before = set(found.names)
    found.group.change_template({"image": "miniaws/hello:bad"}, {})
    found.group.refresh(rolls_back=True, now=found.now)
    found.carry_out()
    found.see("stopped", "web-11", reason="no such program")
    assert "refresh_failed" in found.observe()
    assert (found.group.template_version, found.group.template.image) == (1, "miniaws/hello:local")
    found.settle()
    assert set(found.names) == before
    assert found.group.refreshing is None


def test_a_refresh_that_may_not_go_back_stops() -> None:
    found = running()
    found.group.change_template({"image": "miniaws/hello:bad"}, {})
    found.group.refresh(rolls_back=False, now=found.now)
    found.carry_out()
    found.see("stopped", "web-3")
    found.observe()
    assert (found.group.refreshing, found.group.template_version) == (None, 2)


EXTREME_KEEPING = st.builds(
    HealthPolicy,
    health_check=st.sampled_from(["container", "load-balancer"]),
    grace_s=st.sampled_from([0, 1, 3600]),
    replace_percent=st.sampled_from([1, 20, 100]),
    termination_policy=st.sampled_from(["oldest", "newest", "oldest-template"]),
)


@settings(max_examples=60, deadline=None)
@given(
    EXTREME_KEEPING, st.integers(0, 4), st.integers(0, 25), st.integers(0, 25), st.integers(0, RESTART_S - 1)
)
def test_what_comes_into_service_in_time_is_never_replaced(
    health_policy: HealthPolicy, desired: int, pending_s: int, initial_s: int, restart_s: int
) -> None:
    """With any settings, each instance is launched once, also when its program restarts."""
    size = Size(desired, desired, desired)
    found = Pretended(
        ScalingGroup.create(spec(size=size, health_policy=health_policy, attachments=[WEB]), {})
    )
    for second in range(STARTUP_S + 60):
        found.carry_out()
        for member in found.group.members.values():
            age = (found.now - member.launched_at).total_seconds()
            if age < pending_s:
                found.see("pending", member.name)
            elif age < pending_s + initial_s:
                found.see("running", member.name, health="initial")
            elif second < STARTUP_S + 30 or second == STARTUP_S + 30 + restart_s:
                found.see("running", member.name, health="healthy")
            elif second == STARTUP_S + 30:
                found.see("starting", member.name, reason="its program ended with 1")
        found.observe()
        found.wait(1)
    assert found.names == [f"web-{number + 1}" for number in range(desired)]
    assert all(member.serves for member in found.group.members.values())


def test_a_grace_period_counts_from_in_service() -> None:
    health_policy = HealthPolicy("load-balancer", 30)
    found = Pretended(
        ScalingGroup.create(spec(size=Size(1, 1, 1), health_policy=health_policy, attachments=[WEB]), {})
    )
    found.carry_out()
    told(found.group)
    found.wait(STARTUP_S - 1)
    found.see("running", health="healthy")
    assert found.observe() == ["instance_entered"]
    found.wait(29)
    found.see("running", health="unhealthy")
    assert found.observe() == []
    found.wait(1)
    assert found.observe() == ["instance_became_unhealthy"]


def test_what_does_not_come_into_service_in_time_is_replaced_whatever_the_grace_period_is() -> None:
    for status, health, patience_s in (
        ("pending", None, STARTUP_S),
        ("running", "unhealthy", STARTUP_S),
        ("running", "initial", STARTUP_S),
        ("error", None, RESTART_S),
    ):
        health_policy = HealthPolicy("load-balancer", 0)
        found = Pretended(
            ScalingGroup.create(spec(size=Size(1, 1, 1), health_policy=health_policy, attachments=[WEB]), {})
        )
        found.carry_out()
        told(found.group)
        found.see(status, health=health)
        found.wait(patience_s - 1)
        assert found.observe() == []
        found.wait(1)
        assert found.observe() == ["instance_became_unhealthy"]


@settings(max_examples=60, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(0, 8), st.integers(0, 8))
def test_a_group_settles_at_its_size_whatever_happened(chance: Random, first: int, last: int) -> None:
    found = Pretended()
    found.group.resize(Size(0, first, 20))
    for _ in range(20):
        if chance.random() < 0.7:
            found.carry_out()
        if found.names and chance.random() < 0.6:
            status = chance.choice(
                ["running", "running", "running", "error", "starting", "stopped", "terminated"]
            )
            found.see(status, chance.choice(found.names))
        found.observe()
        found.wait(chance.choice([0, 1, GRACE_S]))
    found.group.resize(Size(0, last, 20))
    for _ in range(30):
        for member in found.group.members.values():
            if member.is_leaving:
                found.see("terminated", member.name)
            elif found.seen[member.instance_id].status not in {"stopped", "terminated"}:
                found.see("running", member.name)
        found.observe()
        found.carry_out()
        found.wait(60)
    assert len(found.names) == last
    assert all(member.serves for member in found.group.members.values())
