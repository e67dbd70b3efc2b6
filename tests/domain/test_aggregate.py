"""What every aggregate shares."""

from typing import Any
from uuid import UUID

import pytest

from domain.access_key import AccessKey, NewKey, Role
from domain.aggregate import Aggregate, Claim, snake_case, upcast
from domain.errors import DomainError, Invalid, StaleVersion
from domain.store import ClaimTaken, RequirementMissing, ScopeInUse
from domain.volume import Volume
from domain.vpc import Vpc
from tests.domain.pretended import EPOCH, instance
from tests.domain.refusals import refused


def test_a_stored_name_is_the_kind_and_what_happened() -> None:
    assert snake_case("LoadBalancer") == "load_balancer"
    assert Aggregate.events["instance.launch_requested"].__name__ == "LaunchRequested"


def test_a_change_decided_on_another_version_is_refused() -> None:
    found = instance()
    found.refuse_unless_version(None)
    found.refuse_unless_version(1)
    with refused(StaleVersion, "cannot change web-1", "version 2 was expected", "version 1", "retry") as it:
        found.refuse_unless_version(2)
    assert it.value.more == {"version": 1}


def test_conditions_are_taken_once() -> None:
    found = instance()
    assert found.take_conditions().claims
    assert not found.take_conditions().claims


def test_no_snapshot_holds_a_condition() -> None:
    found = instance()
    found.take_conditions()
    assert "_conditions" not in vars(found)


def test_an_old_payload_becomes_the_newest_version(monkeypatch: pytest.MonkeyPatch) -> None:
    class Renamed:
        class_version = 3

        @staticmethod
        def upcast_v1_v2(payload: dict[str, Any]) -> None:
            payload["b"] = payload.pop("a")

        @staticmethod
        def upcast_v2_v3(payload: dict[str, Any]) -> None:
            payload["c"] = 1

    monkeypatch.setitem(Aggregate.events, "thing.renamed", Renamed)
    assert upcast("thing.renamed", {"a": 0}) == {"b": 0, "c": 1}
    assert upcast("thing.renamed", {"b": 0, "class_version": 2}) == {"b": 0, "c": 1}
    assert upcast("thing.unknown", {"a": 0}) == {"a": 0}


def _below(kind: type[DomainError]) -> list[type[DomainError]]:
    return [kind, *(each for below in kind.__subclasses__() for each in _below(below))]


def test_every_error_has_a_code_of_its_own_and_words_that_say_what_cannot_or_must_be() -> None:
    claim = Claim("scope", "k", UUID(int=1))
    special: dict[type[DomainError], DomainError] = {
        ClaimTaken: ClaimTaken(claim),
        RequirementMissing: RequirementMissing(claim),
        ScopeInUse: ScopeInUse("scope"),
    }
    # Those of the AWS endpoint have the codes of AWS.
    kinds = [each for each in _below(DomainError) if not each.__module__.startswith("miniaws.aws.")]
    for kind in kinds:
        words = str(special.get(kind) or kind())
        assert words.startswith("cannot ") or (issubclass(kind, Invalid) and " must " in words), kind
    codes = [kind.code for kind in kinds]
    assert len(codes) == len(set(codes))


def test_what_lives_holds_what_it_took_and_what_has_ended_holds_nothing() -> None:
    web = instance(environment={"A": "1"}, environment_id=UUID(int=5))
    network = Vpc.create("main", "web", "10.20.0.0/24", {})
    files = Volume.create("main", "data", None, {})
    key = AccessKey.issue(NewKey("main", "ci", Role.VIEWER, "ab"), EPOCH)
    for each in (web, network, files, key):
        assert each.held_claims() == each.take_conditions().claims
    assert (web.held_secrets(), files.held_secrets()) == ([UUID(int=5)], [])
    web.terminate()
    web.report_terminated()
    network.delete()
    assert network.alive_claim() not in network.held_claims()
    network.report_deleted()
    files.delete()
    files.report_deleted()
    key.revoke(None)
    assert [each.held_claims() for each in (web, network, files, key)] == [[], [], [], []]
    assert web.held_secrets() == []
