"""Certificates, and the states of targets."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from domain.load_balancer import TargetSpec, certificate
from domain.load_balancer.errors import BadCertificate, CertificateInUse
from domain.load_balancer.health import Seen, TargetAddress, Verdict, verdict
from domain.load_balancer.proxy import SeenServer, ServerState
from domain.load_balancer.spec import Listener
from domain.load_balancer.target import State, Target
from tests.certificates import pair
from tests.domain.pretended import told
from tests.domain.refusals import refused
from tests.domain.test_load_balancer import created

AT = datetime(2026, 6, 1, tzinfo=UTC)
SPEC = TargetSpec("default", 80, instance_id="i-1", instance_name="web-1")
HERE = "10.20.0.2"
DELAY = timedelta(seconds=60)


def seen(state: ServerState, in_flight: int = 0, after_s: float = 0) -> Seen:
    server = SeenServer(SPEC.id, state, "it answered 500", in_flight)
    return Seen({SPEC.id: server}, AT + timedelta(seconds=after_s))


def target(state: State, *, is_leaving: bool = False) -> Target:
    return Target(SPEC, state, "as before", AT, HERE, is_leaving)


@pytest.mark.parametrize(
    ("before", "saw", "after"),
    [
        ("unused", "up", "initial"),
        ("initial", "unchecked", "initial"),
        ("initial", "up", "healthy"),
        ("initial", "down", "unhealthy"),
        ("healthy", "unchecked", "healthy"),
        ("healthy", "down", "unhealthy"),
        ("unhealthy", "up", "healthy"),
        ("draining", "resting", "initial"),
    ],
)
def test_a_target_that_runs_is_as_its_checks_say(before: State, saw: ServerState, after: State) -> None:
    found = verdict(target(before), TargetAddress(HERE), seen(saw), DELAY)
    assert (found.state, found.address) == (after, HERE)
    assert after != "unhealthy" or found.reason == "it answered 500"


def test_another_address_is_checked_anew() -> None:
    assert verdict(target("healthy"), TargetAddress("10.20.0.9"), seen("up"), DELAY).state == "initial"


def test_what_does_not_run_is_not_in_service() -> None:
    assert verdict(target("healthy"), TargetAddress(None, "it ended"), seen("up", 3), DELAY) == Verdict(
        "unused", "it ended", None
    )


@pytest.mark.parametrize(
    ("before", "saw", "after"),
    [
        ("healthy", seen("up", 1), "draining"),
        ("unused", seen("up"), "unused"),
        ("draining", seen("up"), "draining"),
        ("draining", seen("resting", 1), "draining"),
        ("draining", seen("resting", 0), "unused"),
        ("draining", seen("resting", 1, after_s=60), "unused"),
        ("draining", Seen({}, AT), "unused"),
        ("draining", Seen(None, AT), "draining"),
        ("draining", Seen(None, AT + DELAY), "unused"),
    ],
)
@pytest.mark.parametrize("is_leaving", [True, False])
def test_draining_ends_by_what_is_seen_or_by_time(
    before: State, saw: Seen, after: State, *, is_leaving: bool
) -> None:
    ends = None if is_leaving else "its instance was asked to stop"
    found = verdict(target(before, is_leaving=is_leaving), TargetAddress(HERE, ends), saw, DELAY)
    assert found.state == after


def test_a_pair_that_is_valid_is_kept_and_a_new_one_replaces_it() -> None:
    balancer = created()
    pem, key = pair("shop.example")
    kept, private = certificate.read("shop", pem, key, AT)
    assert (kept.names, kept.subject) == (["shop.example"], "CN=shop.example")
    assert b"PRIVATE KEY" in private
    first, second = balancer.id, created().id
    balancer.upload_certificate(kept, first)
    balancer.upload_certificate(kept, second)
    assert balancer.take_conditions().erases == [first]
    assert balancer.held_secrets() == [second]
    assert told(balancer) == ["certificate_uploaded", "certificate_uploaded"]


def test_a_certificate_in_use_cannot_be_removed() -> None:
    balancer = created()
    kept, _ = certificate.read("shop", *pair("shop.example"), AT)
    balancer.upload_certificate(kept, balancer.id)
    balancer.change_routes([Listener(8443, "https", certificates=("shop",))], None)
    with refused(CertificateInUse, "cannot remove the certificate shop", "port 8443"):
        balancer.remove_certificate("shop")
    balancer.change_routes([], None)
    balancer.remove_certificate("shop")
    assert balancer.held_secrets() == []


def test_what_is_no_pair_is_refused_without_being_repeated() -> None:
    pem, key = pair("shop.example")
    _, other = pair("shop.example")
    expired, its_key = pair("shop.example", days=10)
    for given, private, field in (
        (pem, other, "private_key"),
        (pem, "hush", "private_key"),
        ("hush", key, "certificate"),
        (pem * 200, key, "certificate"),
        (expired, its_key, "certificate"),
    ):
        with pytest.raises(BadCertificate) as found:
            certificate.read("shop", given, private, AT)
        assert found.value.field == field
        assert "hush" not in str(found.value)
        assert "BEGIN" not in str(found.value)


def test_a_target_keeps_its_beginning_while_only_the_reason_changes() -> None:
    before = replace(target("unhealthy"), since=AT)
    later = AT + timedelta(seconds=5)
    assert before.turned("unhealthy", "it answered 502", HERE, later).since == AT
    assert before.turned("healthy", None, HERE, later).since == later
