"""The rules of instances. ``test_convergence`` covers their reconciliation."""

from datetime import timedelta

import pytest

from domain import host_port
from domain.aggregate import Claim
from domain.errors import Conflict, Invalid
from domain.instance import Instance, InstanceTerminated, PortSpec, ProgramEnd, VolumeSpec
from domain.instance.errors import InstanceNotStopped
from domain.instance.spec import RestartPolicy
from domain.vpc import use_scope
from tests.domain.pretended import EPOCH, VPC, instance, spec, told
from tests.domain.refusals import refused

END = ProgramEnd(1, "its program ended with code 1", EPOCH, EPOCH + timedelta(seconds=1))


def running(**changes: object) -> Instance:
    found = instance(**changes)
    found.report_started("10.0.0.2", EPOCH)
    told(found)
    return found


def stopped() -> Instance:
    found = running()
    found.stop()
    found.report_stopped(0, EPOCH)
    told(found)
    return found


def terminated() -> Instance:
    found = running()
    found.terminate()
    told(found)
    return found


def test_what_is_wanted_and_what_is_seen_are_kept_apart() -> None:
    found = instance()
    assert (found.wanted, found.status) == ("running", "pending")
    found.report_started("10.0.0.2", EPOCH)
    assert (found.wanted, found.status, found.address) == ("running", "running", "10.0.0.2")
    found.stop()
    assert (found.wanted, found.status) == ("stopped", "stopping")
    found.report_stopped(0, EPOCH)
    assert (found.wanted, found.status) == ("stopped", "stopped")
    found.start()
    assert (found.wanted, found.status) == ("running", "starting")
    found.terminate()
    assert (found.wanted, found.status) == ("terminated", "terminating")
    found.report_terminated()
    assert (found.wanted, found.status, found.address) == ("terminated", "terminated", None)


@pytest.mark.parametrize(
    ("restart", "exit_code", "heals"),
    [
        ("always", 0, True),
        ("always", 1, True),
        ("always", None, True),
        ("on-failure", 0, False),
        ("on-failure", 1, True),
        ("on-failure", None, True),
        ("never", 0, False),
        ("never", 137, False),
        ("never", None, False),
    ],
)
def test_a_program_that_ends_by_itself_is_started_again_when_its_policy_covers_it(
    restart: RestartPolicy,
    exit_code: int | None,
    heals: bool,  # noqa: FBT001 - a row of the table
) -> None:
    found = running(restart=restart)
    found.report_crashed(ProgramEnd(exit_code, "it ended", EPOCH, None))
    expected = ("running", "starting") if heals else ("stopped", "stopped")
    assert (found.wanted, found.status) == expected
    assert found.status_reason == "it ended"


@pytest.mark.parametrize(
    ("exit_code", "ran_s", "status"),
    [(127, 0.2, "error"), (126, 0.2, "error"), (127, 5, "starting"), (1, 0.2, "starting")],
)
def test_a_program_that_cannot_be_run_is_an_error_while_it_is_tried_again(
    exit_code: int, ran_s: float, status: str
) -> None:
    found = running()
    found.report_crashed(ProgramEnd(exit_code, "it ended", EPOCH, EPOCH + timedelta(seconds=ran_s)))
    assert (found.wanted, found.status, found.status_reason) == ("running", status, "it ended")


def test_a_program_that_cannot_be_run_is_stopped_when_it_is_not_tried_again() -> None:
    found = running(restart="never")
    found.report_crashed(ProgramEnd(127, "it ended", EPOCH, EPOCH))
    assert (found.wanted, found.status) == ("stopped", "stopped")


def test_volumes_are_attached_and_detached_while_the_instance_is_stopped() -> None:
    found = stopped()
    found.attach_volume("vol-1", "data", "/data")
    assert found.volumes == [{"volume_id": "vol-1", "volume_name": "data", "path": "/data"}]
    found.detach_volume("vol-1")
    assert (found.volumes, found.generation) == ([], 3)
    with refused(InstanceNotStopped, "cannot attach a volume to web-1", "it is running; stop it first"):
        running().attach_volume("vol-1", "data", "/data")
    with refused(InstanceNotStopped, "cannot detach a volume from web-1", "it is running; stop it first"):
        running().detach_volume("vol-1")


def test_two_volumes_are_not_attached_at_one_path() -> None:
    found = stopped()
    found.attach_volume("vol-1", "data", "/data")
    with refused(Conflict, "more at /data", "another volume of web-1"):
        found.attach_volume("vol-2", "more", "/data")
    with refused(Invalid, "`data`", field="path"):
        found.attach_volume("vol-2", "more", "data")


def test_a_host_port_has_one_holder_until_the_holder_is_gone() -> None:
    found = instance(ports=[PortSpec(80, 8081), PortSpec(81)])
    claim = Claim(host_port.SCOPE, "8081", found.id, "main/instance/web-1")
    assert [each for each in found.take_conditions().claims if each.scope == host_port.SCOPE] == [claim]
    found.terminate()
    assert found.take_conditions().releases == []
    found.report_terminated()
    assert claim in found.take_conditions().releases


def test_a_launch_needs_a_living_vpc_and_counts_as_its_user() -> None:
    found = instance()
    assert found.conditions.requires == [Claim("alive", found.vpc_id, VPC)]
    assert Claim(use_scope(VPC), found.public_id, found.id, "web-1") in found.conditions.claims


def test_a_terminated_instance_takes_no_commands_but_repeated_termination() -> None:
    found = terminated()
    for command in (
        found.start,
        found.stop,
        found.reboot,
        lambda: found.change_type("small"),
        lambda: found.change_tags({}),
        lambda: found.attach_volume("vol-1", "data", "/data"),
        lambda: found.detach_volume("vol-1"),
        lambda: found.note_execution("ls"),
    ):
        with refused(InstanceTerminated, "cannot change instance web-1: it is terminating"):
            command()
    found.terminate()
    assert told(found) == []


def test_asking_for_what_is_wanted_already_changes_nothing() -> None:
    found = running(tags={"a": "b"})
    found.start()
    found.change_type("micro")
    found.change_tags({"a": "b"})
    assert told(found) == []
    found.stop()
    found.stop()
    assert told(found) == ["stop_requested"]


def test_a_reboot_is_asked_for_once_until_it_is_done() -> None:
    found = running()
    found.reboot()
    found.reboot()
    assert told(found) == ["reboot_requested"]
    assert (found.status, found.status_reason) == ("starting", "rebooting")
    found.report_started("10.0.0.2", EPOCH + timedelta(seconds=9))
    found.reboot()
    assert told(found) == ["started", "reboot_requested"]


def test_a_stopped_instance_is_not_rebooted() -> None:
    with refused(Conflict, "cannot reboot web-1", "it is stopped; start it instead"):
        stopped().reboot()


def test_a_program_is_run_inside_only_while_the_instance_runs() -> None:
    found = running()
    found.note_execution("ls")
    assert told(found) == ["command_executed"]
    with refused(Conflict, "cannot execute in web-1", "it is stopped; start it first"):
        stopped().note_execution("ls")


def test_a_change_of_type_is_done_when_its_limits_are_reported() -> None:
    found = running()
    found.change_type("small")
    assert (found.type, found.applied_type) == ("small", "micro")
    found.report_resized()
    found.report_resized()
    assert (told(found), found.applied_type) == (["type_change_requested", "resized"], "small")
    with refused(Invalid, "`huge`", "nano", field="type"):
        found.change_type("huge")


def test_what_is_reported_twice_happened_once() -> None:
    found = instance()
    found.report_started("10.0.0.2", EPOCH)
    found.report_started("10.0.0.2", EPOCH)
    found.report_failed("no")
    found.report_failed("no")
    assert (found.status, found.status_reason) == ("error", "no")
    found.stop()
    found.report_stopped(0, EPOCH)
    found.report_stopped(0, EPOCH)
    found.terminate()
    found.report_terminated()
    found.report_terminated()
    happened = ["started", "failed", "stop_requested", "stopped", "terminate_requested", "terminated"]
    assert told(found) == happened


def test_nothing_is_reported_stopped_that_should_run() -> None:
    found = running()
    found.report_stopped(0, EPOCH)
    assert told(found) == []


def test_a_stop_that_a_start_overtook_is_told_before_it_starts() -> None:
    found = running()
    found.stop()
    found.start()
    found.report_stopped(0, EPOCH)
    assert told(found) == ["stop_requested", "start_requested", "stopped"]
    assert found.status == "starting"


def test_tags_are_replaced() -> None:
    found = running()
    found.change_tags({"env": "live"})
    assert (told(found), found.tags) == (["tags_changed"], {"env": "live"})


def test_the_end_gives_back_its_name_and_forgets_its_secrets() -> None:
    found = instance(environment={"TOKEN": "canary"}, environment_id=VPC)
    assert "canary" not in repr(spec(environment={"TOKEN": "canary"}))
    assert found.environment_names == ["TOKEN"]
    found.take_conditions()
    found.terminate()
    found.report_terminated()
    assert found.conditions.erases == [VPC]
    assert found.name_claim() in found.conditions.releases


def test_a_volume_is_named_as_it_was_at_the_launch() -> None:
    wanted = spec(volumes=[VolumeSpec("vol-1", "/data")])
    found = Instance.launch(wanted, {"vol-1": "data"})
    assert found.volumes == [{"volume_id": "vol-1", "volume_name": "data", "path": "/data"}]
