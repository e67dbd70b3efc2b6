"""The rules of access keys."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from domain.access_key import AccessKey, KeyAlreadyShown, NewKey, Role, admin_scope, works_at
from domain.aggregate import Claim
from domain.errors import Conflict, Invalid
from tests.domain.pretended import told
from tests.domain.refusals import refused

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HASH = "ab" * 32
OTHER = Claim(admin_scope("main"), "key-other", UUID(int=9))


def issued(role: Role = Role.OPERATOR, expires_at: datetime | None = None) -> AccessKey:
    key = AccessKey.issue(NewKey("main", "ci", role, HASH, expires_at), NOW)
    told(key)
    return key


def test_only_the_hash_of_a_key_is_kept() -> None:
    key = AccessKey.issue(NewKey("main", "ci", Role.VIEWER, HASH), NOW)
    (event,) = key.collect_events()
    assert {HASH} == {value for value in vars(event).values() if isinstance(value, str) and len(value) > 40}


def test_a_key_belongs_to_one_account_and_has_one_role() -> None:
    key = issued(Role.ADMIN)
    assert (key.account_id, key.name, key.role) == ("main", "ci", Role.ADMIN)
    assert key.public_id.startswith("key-")


@pytest.mark.parametrize(("role", "covered"), [(Role.VIEWER, 1), (Role.OPERATOR, 2), (Role.ADMIN, 3)])
def test_a_role_covers_the_lesser_ones(role: Role, covered: int) -> None:
    assert [other for other in Role if role.covers(other)] == list(Role)[:covered]


def test_a_key_is_found_by_its_hash_as_long_as_it_opens_something() -> None:
    key = issued()
    claims = key.take_conditions().claims
    assert Claim("access-key-hash", HASH, key.id) in claims
    assert Claim("name/main/access_key", "ci", key.id) in claims
    key.revoke(None)
    assert key.take_conditions().releases == claims


def test_a_revoked_key_opens_nothing() -> None:
    key = issued()
    key.revoke(None)
    assert key.is_revoked
    assert told(key) == ["revoked"]


def replaceable() -> AccessKey:
    key = AccessKey.issue(NewKey("main", "ci", Role.VIEWER, HASH, is_replaceable=True), NOW)
    told(key)
    key.take_conditions()
    return key


def test_an_unused_key_may_be_given_another_secret_and_the_one_before_opens_nothing() -> None:
    key = replaceable()
    key.replace_secret("cd" * 32)
    assert told(key) == ["secret_replaced"]
    changed = key.take_conditions()
    assert changed.releases == [Claim("access-key-hash", HASH, key.id)]
    assert changed.claims == [Claim("access-key-hash", "cd" * 32, key.id)]
    key.replace_secret(HASH)
    assert told(key) == ["secret_replaced"]


def test_the_first_use_of_a_key_ends_that() -> None:
    key = replaceable()
    key.report_used()
    key.report_used()
    assert told(key) == ["first_used"]
    with refused(KeyAlreadyShown, "ci", "has been used", "revoke it and issue another"):
        key.replace_secret("cd" * 32)


def test_a_key_whose_answer_nobody_can_ask_for_again_keeps_its_secret() -> None:
    key = issued()
    key.report_used()
    assert told(key) == []
    with refused(KeyAlreadyShown, "only its hash is kept"):
        key.replace_secret("cd" * 32)


def test_a_revoked_key_gets_no_other_secret() -> None:
    key = replaceable()
    key.revoke(None)
    with refused(KeyAlreadyShown, "it is revoked", "issue another"):
        key.replace_secret("cd" * 32)


def test_revoking_twice_is_revoking_once() -> None:
    key = issued()
    key.revoke(None)
    key.revoke(None)
    assert told(key) == ["revoked"]


@pytest.mark.parametrize("late", [timedelta(0), timedelta(seconds=-1)])
def test_a_key_that_has_expired_is_not_issued(late: timedelta) -> None:
    with refused(Invalid, "must be in the future, not `202", field="expires_at"):
        issued(expires_at=NOW + late)
    assert issued(expires_at=NOW + timedelta(seconds=1)).expires_at == NOW + timedelta(seconds=1)


def test_an_account_never_loses_its_last_admin_key() -> None:
    key = issued(Role.ADMIN)
    with refused(Conflict, "ci", "last admin key", "issue another admin key first"):
        key.revoke(None)
    assert told(key) == []
    key.take_conditions()
    key.revoke(OTHER)
    assert told(key) == ["revoked"]
    assert key.conditions.requires == [OTHER], "which must not be revoked at the same time"


def test_an_expired_admin_key_is_no_other_admin_key() -> None:
    until = NOW + timedelta(hours=1)
    (admin,) = [claim for claim in issued(Role.ADMIN, until).conditions.claims if claim.scope == OTHER.scope]
    assert works_at(OTHER, NOW)
    assert works_at(admin, NOW)
    assert not works_at(admin, until)


def test_admin_keys_are_listed_by_account() -> None:
    key = issued(Role.ADMIN)
    assert Claim(admin_scope("main"), key.public_id, key.id) in key.conditions.claims
    assert admin_scope("main") not in {claim.scope for claim in issued().conditions.claims}


@pytest.mark.parametrize(("account", "name", "field"), [("Main", "ci", "account"), ("main", "C I", "name")])
def test_account_and_name_follow_the_rule_of_names(account: str, name: str, field: str) -> None:
    with refused(Invalid, "1 to 63", field=field):
        AccessKey.issue(NewKey(account, name, Role.VIEWER, HASH), NOW)
