"""Claims, causes and secrets, all in the transaction that writes the events."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from adapters.event_store.recorder import EventRecorder
from domain.aggregate import Aggregate, Claim, Conditions
from domain.errors import Refused
from domain.store import Cause, ClaimTaken, RequirementMissing, ScopeInUse, VersionConflict
from tests.adapters import stores

WRITERS = 16
ROUNDS = 12
MANAGER = Cause(actor="system:volume", account_id=stores.ACCOUNT)


def test_of_sixteen_writers_that_want_one_name_exactly_one_gets_it(database_url: str) -> None:
    names = [f"name-{number}" for number in range(ROUNDS)]
    together = threading.Barrier(WRITERS)

    def race(recorder: EventRecorder) -> list[str]:
        won: list[str] = []
        for name in names:
            volume = stores.volume(name)
            save = stores.encoded(stores.save(volume), volume.name_claim())
            together.wait()
            (outcome,) = recorder.append([save])
            if outcome.error is None:
                won.append(name)
            else:
                assert isinstance(outcome.error, ClaimTaken)
                assert outcome.error.claim.key == name
        return won

    with (
        stores.open_recorder(database_url, WRITERS) as recorder,
        ThreadPoolExecutor(WRITERS) as threads,
    ):
        won = [name for wins in threads.map(race, [recorder] * WRITERS) for name in wins]
    assert sorted(won) == sorted(names)
    assert len(stores.positions(database_url)) == ROUNDS
    assert stores.rows(database_url, "SELECT count(*) AS n FROM claims")[0]["n"] == ROUNDS


async def test_a_name_is_free_again_once_its_resource_is_gone(database_url: str) -> None:
    async with stores.open_store(database_url) as store:
        first = stores.volume()
        await store.append(stores.save(first))
        with pytest.raises(ClaimTaken) as taken:
            await store.append(stores.save(stores.volume()))
        assert taken.value.claim.owner == first.id
        first.delete()
        first.report_deleted()
        await store.append(stores.save(first))
        assert await store.claim(first.name_claim().scope, "data") is None
        await store.append(stores.save(stores.volume()))


async def test_only_the_owner_gives_a_claim_back(database_url: str) -> None:
    async with stores.open_store(database_url) as store:
        owner = stores.volume()
        await store.append(stores.save(owner))
        theirs = replace(owner.name_claim(), owner=uuid4())
        await store.append(stores.bare(Conditions(releases=[theirs])))
        assert await store.claim(theirs.scope, theirs.key) == owner.name_claim()


async def test_what_a_save_refers_to_must_live(database_url: str) -> None:
    alive = Claim("alive", "vpc-1", uuid4())
    async with stores.open_store(database_url) as store:
        with pytest.raises(RequirementMissing) as missing:
            await store.append(stores.bare(Conditions(requires=[alive])))
        assert missing.value.claim == alive
        await store.append(stores.bare(Conditions(claims=[alive])))
        with pytest.raises(RequirementMissing):
            await store.append(stores.bare(Conditions(requires=[replace(alive, owner=uuid4())])))
        await store.append(stores.bare(Conditions(requires=[alive])))
        assert len(stores.positions(database_url)) == 2


async def test_what_is_referred_to_cannot_be_removed(database_url: str) -> None:
    use = Claim("vpc-use/1", "i-1", uuid4(), "web-1")
    async with stores.open_store(database_url) as store:
        await store.append(stores.bare(Conditions(claims=[use])))
        with pytest.raises(ScopeInUse) as in_use:
            await store.append(stores.bare(Conditions(unused=["vpc-use/1"])))
        assert in_use.value.scope == "vpc-use/1"
        assert await store.claims("vpc-use/1") == [use]
        await store.append(stores.bare(Conditions(releases=[use])))
        await store.append(stores.bare(Conditions(unused=["vpc-use/1"])))


async def test_a_refused_save_changes_nothing(database_url: str) -> None:
    secret = uuid4()
    free, taken = Claim("port", "80", uuid4()), Claim("port", "443", uuid4())
    async with stores.open_store(database_url) as store:
        await store.append(stores.bare(Conditions(claims=[taken])))
        before = _contents(database_url)
        for conditions in (
            Conditions(claims=[free, replace(taken, owner=uuid4())]),
            Conditions(claims=[free], requires=[replace(free, key="8080")]),
            Conditions(claims=[free], releases=[taken], unused=["port"]),
        ):
            with pytest.raises((ClaimTaken, RequirementMissing, ScopeInUse)):
                await store.append(replace(stores.bare(conditions), secrets={secret: b"x"}, owner=secret))
        assert _contents(database_url) == before


async def test_a_version_conflict_takes_claims_and_secrets_back(database_url: str) -> None:
    async with stores.open_store(database_url) as store:
        volume = stores.volume()
        await store.append(stores.save(volume))
        volume.report_available()
        stale = stores.save(volume, secrets={uuid4(): b"x"}, owner=volume.id)
        await store.append(replace(stale, secrets={}))
        before = _contents(database_url)
        claims = Conditions(claims=[Claim("port", "80", volume.id)])
        with pytest.raises(VersionConflict):
            await store.append(replace(stale, conditions=[claims]))
        assert _contents(database_url) == before


async def test_a_repeated_request_is_told_so_before_anything_else(database_url: str) -> None:
    async with stores.open_store(database_url) as store:
        volume = stores.volume()
        again = stores.save(volume, conditions=[stores.once("key-of-the-request", volume.id)])
        receipt = await store.append(again)
        with pytest.raises(ClaimTaken) as taken:
            # Its name is taken, too, and its version is old.
            await store.append(again)
        assert taken.value.claim.scope == f"idempotency/{stores.ACCOUNT}"
        assert taken.value.claim.owner == volume.id
        assert await store.position_of(taken.value.claim) == receipt.position
        await store.append(stores.save(stores.volume("later")))
        assert await store.position_of(taken.value.claim) == receipt.position


async def test_old_idempotency_keys_are_forgotten_and_nothing_else(database_url: str) -> None:
    async with stores.open_store(database_url) as store:
        volume = stores.volume()
        await store.append(stores.save(volume, conditions=[stores.once("old", volume.id)]))
        stores.rows(database_url, "UPDATE claims SET claimed_at = claimed_at - interval '8 days'")
        await store.append(stores.bare(stores.once("new", volume.id)))
        await store.forget_claims("idempotency/", 7 * 24 * 3600)
        assert [claim.key for claim in await store.claims(f"idempotency/{stores.ACCOUNT}")] == ["new"]
        assert await store.claim(volume.name_claim().scope, "data") is not None


async def test_what_a_manager_reports_is_caused_by_the_newest_event_of_its_resource(
    database_url: str,
) -> None:
    async with stores.open_store(database_url) as store:
        volume = stores.volume()
        asked = await store.append(stores.save(volume))
        await store.append(stores.save(stores.volume("other")))
        volume.report_available()
        await store.append(stores.save(volume, cause=MANAGER))
        volume.report_failed("no space")
        await store.append(stores.save(volume, cause=replace(MANAGER, causation=1, correlation_id="own")))
        events = await store.events(volume.id)
    assert [event.causation for event in events] == [None, asked.position, 1]
    assert [event.correlation_id for event in events] == ["trace-1", "trace-1", "own"]
    assert [event.actor for event in events] == ["key-1", "system:volume", "system:volume"]


async def test_a_key_is_a_cause_of_its_own(database_url: str) -> None:
    async with stores.open_store(database_url) as store:
        volume = stores.volume()
        await store.append(stores.save(volume))
        volume.change_tags({"a": "b"})
        await store.append(stores.save(volume, cause=replace(stores.CAUSE, source_ip="10.0.0.9")))
        event = (await store.events(volume.id))[-1]
        born = stores.volume("made-by-a-manager")
        await store.append(stores.save(born, cause=MANAGER))
        (first,) = await store.events(born.id)
    assert (event.causation, event.source_ip, event.request_id) == (None, "10.0.0.9", "req-1")
    assert (first.causation, first.correlation_id) == (None, None)


async def test_a_secret_lies_nowhere_in_clear_and_is_gone_once_erased(database_url: str) -> None:
    canary, secret = b"canary-7f3a9c-in-clear", uuid4()
    async with stores.open_store(database_url) as store:
        volume = stores.volume()
        append = stores.save(volume, secrets={secret: canary}, owner=volume.id)
        assert "canary" not in repr(append)
        await store.append(append)
        everything = _contents(database_url)
        assert str(secret) in everything
        for form in (canary.decode(), canary.hex(), canary.decode()[7:20]):
            assert form not in everything
        assert await store.secret(secret) == canary
        await store.append(stores.bare(Conditions(erases=[secret])))
        assert await store.secret(secret) is None
        assert stores.rows(database_url, "SELECT * FROM secrets") == []
        assert len(await store.events(volume.id)) == 1, "history stays"


async def test_a_secret_opens_with_its_master_key_only(database_url: str) -> None:
    secret = uuid4()
    async with stores.open_store(database_url) as store:
        await store.append(stores.save(stores.volume(), secrets={secret: b"x"}, owner=secret))
    async with stores.open_store(database_url, master_key=bytes([1] * 32)) as other:
        with pytest.raises(Refused, match="another master key"):
            await other.secret(secret)


async def test_an_aggregate_that_was_never_saved_is_not_found(database_url: str) -> None:
    async with stores.open_store(database_url) as store:
        assert await store.load(UUID(int=1)) is None
        assert await store.head() == 0
        volume = stores.volume()
        await store.append(stores.save(volume))
        loaded: Aggregate | None = await store.load(volume.id)
        assert loaded is not None
        assert vars(loaded) == {k: v for k, v in vars(volume).items() if k != "_conditions"}


def _contents(url: str) -> str:
    """Return the whole contents of the database, as text."""
    tables = stores.rows(
        url, "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
    )
    assert {"events", "claims", "secrets"} <= {table["name"] for table in tables}
    return "\n".join(row for table in tables for row in stores.table(url, "public", table["name"]))
