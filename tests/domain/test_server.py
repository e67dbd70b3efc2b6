"""The rules that all managed servers share, and their reconciliation."""

import ssl
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import DNSName, IPAddress, SubjectAlternativeName, load_pem_x509_certificate

from domain import host_port, vpc
from domain.aggregate import Claim
from domain.errors import Invalid
from domain.managed import BeingDeleted
from domain.ports import SeenContainer
from domain.server import (
    Certificate,
    DeletionProtected,
    NextAction,
    RotationUnderWay,
    Server,
    ServerEnd,
    ServerStopped,
    next_action,
)
from domain.server.certificate import Ingredients, issue
from domain.values import public_id
from tests.domain.pretended import VPC, told
from tests.domain.refusals import refused
from tests.domain.servers import EPOCH, OTHER_PASSWORD, PASSWORD, asked_for, container, running


def test_a_server_holds_its_name_its_place_and_its_port_until_it_is_gone() -> None:
    cache = asked_for(publish=16379)
    place = Claim(vpc.use_scope(VPC), cache.public_id, cache.id, "sessions")
    port = Claim(host_port.SCOPE, "16379", cache.id, "main/cache/sessions")
    assert cache.held_claims() == [cache.name_claim(), place, port]
    assert cache.take_conditions().requires == [Claim("alive", public_id("vpc", VPC), VPC)]
    cache.delete()
    cache.report_deleted()
    conditions = cache.take_conditions()
    assert (conditions.releases, conditions.erases) == ([cache.name_claim(), place, port], [PASSWORD])
    assert (cache.held_claims(), cache.held_secrets()) == ([], [])


def test_a_host_port_is_a_port() -> None:
    with refused(Invalid, "65536", field="publish"):
        asked_for(publish=65536)


def test_a_server_is_available_only_while_it_is_wanted() -> None:
    cache = running()
    cache.stop()
    cache.report_available()
    assert (cache.status, told(cache)) == ("stopping", ["stop_requested"])
    cache.report_stopped()
    cache.report_stopped()
    cache.start()
    cache.start()
    assert (cache.status, told(cache)) == ("starting", ["stopped", "start_requested"])


def test_what_is_protected_is_not_deleted() -> None:
    cache = running(deletion_protection=True)
    with refused(DeletionProtected, "sessions", "deletion_protection", field="deletion_protection"):
        cache.delete()
    cache.protect(deletion_protection=True)
    cache.protect(deletion_protection=False)
    cache.delete()
    assert told(cache) == ["protection_changed", "delete_requested"]
    with refused(BeingDeleted, "sessions"):
        cache.stop()


def test_a_password_is_changed_in_two_steps() -> None:
    cache = running()
    cache.rotate_credentials(OTHER_PASSWORD, replaces=False)
    assert (cache.status, cache.login_id) == ("rotating", str(PASSWORD))
    assert cache.held_secrets() == [PASSWORD, OTHER_PASSWORD]
    with refused(RotationUnderWay, "sessions", "wait"):
        cache.rotate_credentials(PASSWORD, replaces=False)
    cache.report_available()
    assert cache.status == "rotating", "not available before the password is the new one"
    cache.report_rotated(str(OTHER_PASSWORD))
    cache.report_rotated(str(OTHER_PASSWORD))
    cache.report_available()
    assert (cache.login_id, cache.next_login_id) == (str(OTHER_PASSWORD), None)
    assert cache.take_conditions().erases == [PASSWORD]
    assert told(cache) == ["rotation_requested", "credentials_rotated", "became_available"]


def test_a_certificate_is_trusted_by_its_authority_for_the_names_it_was_issued_for() -> None:
    issued, key = _issued(["sessions", "127.0.0.1"])
    trusted = ssl.create_default_context(cadata=issued.authority)
    assert [each["notAfter"] for each in trusted.get_ca_certs()] == ["Dec 30 00:00:00 2035 GMT"]
    leaf, root = (
        load_pem_x509_certificate(issued.pem.encode()),
        load_pem_x509_certificate(issued.authority.encode()),
    )
    leaf.verify_directly_issued_by(root)
    names = leaf.extensions.get_extension_for_class(SubjectAlternativeName).value
    assert names.get_values_for_type(DNSName) == ["sessions"]
    assert [str(each) for each in names.get_values_for_type(IPAddress)] == ["127.0.0.1"]
    held = load_pem_private_key(key, None).public_key()
    assert held == leaf.public_key() != root.public_key()


def test_the_private_key_goes_with_the_server() -> None:
    cache = asked_for()
    issued, _ = _issued(["sessions"])
    cache.secure(issued)
    assert (cache.certificate, told(cache)) == (issued, ["certificate_issued"])
    assert cache.held_secrets() == [PASSWORD, TLS_KEY]
    cache.delete()
    cache.report_deleted()
    assert cache.take_conditions().erases == [PASSWORD, TLS_KEY]


TLS_KEY = UUID(int=9)


def _issued(names: list[str]) -> tuple[Certificate, bytes]:
    keys = [generate_private_key(SECP256R1()) for _ in range(2)]
    of = Ingredients(keys[0], keys[1], (UUID(int=10), UUID(int=11)), TLS_KEY)
    return issue("cache-1", names, of, EPOCH)


def test_the_password_of_a_stopped_server_is_not_changed() -> None:
    cache = running()
    cache.stop()
    with refused(ServerStopped, "sessions", "start it first"):
        cache.rotate_credentials(OTHER_PASSWORD, replaces=False)


def test_a_change_that_changes_nothing_is_no_event() -> None:
    cache = running()
    cache.change()
    cache.change(memory_mb=64, settings={"eviction": "noeviction"})
    assert told(cache) == []
    cache.change(memory_mb=128)
    assert (cache.status, cache.memory_mb, cache.generation) == ("modifying", 128, 1)
    cache.change(settings={"eviction": "allkeys-lru"}, replaces=True)
    assert (cache.settings["eviction"], cache.generation, cache.is_up) == ("allkeys-lru", 2, False)


def test_a_stopped_server_stays_stopped_when_it_is_changed() -> None:
    cache = running()
    cache.stop()
    cache.report_stopped()
    cache.change(memory_mb=128)
    assert cache.status == "stopped"


def stopped() -> Server:
    cache = running()
    cache.stop()
    return cache


def changed(**change: Any) -> Server:
    cache = running()
    cache.change(**change)
    return cache


def deleting() -> Server:
    cache = running()
    cache.delete()
    return cache


@pytest.mark.parametrize(
    ("wanted", "seen", "step"),
    [
        (asked_for(), None, NextAction.MAKE),
        (asked_for(), container(state="created", started_at=None), NextAction.START),
        (asked_for(), container(), NextAction.REPORT_STARTED),
        (running(), container(), NextAction.USE),
        (running(), container(address="10.0.0.3"), NextAction.REPORT_STARTED),
        (running(), container(state="paused"), NextAction.START),
        (running(), container(state="exited"), NextAction.REPORT_CRASHED),
        (running(), container(run=5), NextAction.REPORT_CRASHED),
        (running(), None, NextAction.REPORT_CRASHED),
        (changed(memory_mb=128), container(), NextAction.RESIZE),
        (changed(cpus=2.0, replaces=True), container(), NextAction.MAKE),
        (stopped(), container(), NextAction.STOP),
        (stopped(), container(state="exited"), NextAction.REPORT_STOPPED),
        (stopped(), None, NextAction.REPORT_STOPPED),
        (deleting(), container(), NextAction.REMOVE),
        (deleting(), None, NextAction.REPORT_DELETED),
    ],
)
def test_the_next_step_follows_from_what_is_wanted_and_seen(
    wanted: Server, seen: SeenContainer | None, step: NextAction
) -> None:
    assert next_action(wanted, seen) is step


def test_a_server_that_ended_is_told_once_and_started_again() -> None:
    cache = running()
    cache.report_crashed(ServerEnd(137, "it was killed"))
    assert (cache.status, cache.status_reason, cache.address) == ("starting", "it was killed", None)
    assert next_action(cache, container(state="exited")) is NextAction.START
    assert next_action(cache, container(state="restarting")) is NextAction.WAIT
    assert next_action(cache, container(state="dead")) is NextAction.MAKE
    assert next_action(cache, None) is NextAction.MAKE
    assert next_action(cache, container(run=1)) is NextAction.REPORT_STARTED


def test_what_is_as_wanted_takes_no_step() -> None:
    cache = stopped()
    cache.report_stopped()
    assert next_action(cache, container(state="exited")) is NextAction.NOTHING
    gone = deleting()
    gone.report_deleted()
    assert next_action(gone, None) is NextAction.NOTHING


def test_a_replaced_server_is_no_crash() -> None:
    cache = running()
    cache.rotate_credentials(OTHER_PASSWORD, replaces=True)
    assert next_action(cache, container()) is NextAction.MAKE
    assert next_action(cache, container(state="created", generation=2, started_at=None)) is NextAction.START
    assert next_action(cache, container(run=3, generation=2)) is NextAction.REPORT_STARTED
    cache.report_started("10.0.0.2", EPOCH)
    assert cache.is_up


def test_a_server_that_is_paused_for_a_snapshot_is_left_to_it() -> None:
    for wanted in (running(), asked_for()):
        assert next_action(wanted, container(state="paused", is_held=True)) is NextAction.WAIT
    assert next_action(running(), container(state="paused")) is NextAction.START
