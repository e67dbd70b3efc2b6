"""Replicas: every step of their life cycle, with the controller killed between any two."""

from uuid import UUID

import pytest

from adapters.event_store.audit import audit
from adapters.memory import MemoryReplicas
from domain.archive import Archive
from domain.database import Database, HasReplicas, IsReplica
from domain.database.replicator import ReplicationStatus
from domain.errors import NotFound, Refused, Unreachable
from domain.server import Endpoint
from domain.status import USABLE
from miniaws.commands import archive as archives
from miniaws.commands import database as databases
from tests.domain.refusals import refused
from tests.process_managers.stage import REQUEST, Stage
from tests.process_managers.test_archive import Databases


class Replicas(Databases):
    """A stage with replicas."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        found = stage.world.replicators["postgres"]
        assert isinstance(found, MemoryReplicas)
        self.replicas = found

    async def available(self, *found: Database) -> None:
        """Reconcile until all of them are available."""

        async def is_so() -> bool:
            return {(await self.now(each)).status for each in found} == {"available"}

        await self.until(is_so, *found)

    async def usable(self, *found: Database) -> None:
        """Reconcile until clients can use all of them, with or without a backup."""

        async def is_so() -> bool:
            return {(await self.now(each)).status for each in found} <= USABLE

        await self.until(is_so, *found)

    async def replicate(self, source: Database, name: str = "orders-r1") -> Database:
        await self.available(source)
        wish = databases.CreateReplica(name=name)
        saved = await databases.replicate(self.stage.cloud, REQUEST, source.public_id, wish)
        return await self.stage.load(Database, saved.aggregate.id)

    async def following(self) -> tuple[Database, Database]:
        """Return a source and its replica, both available."""
        source = await self.create()
        replica = await self.replicate(source)
        await self.available(source, replica)
        return await self.now(source), await self.now(replica)

    async def secret(self, secret_id: str | None) -> str:
        sealed = await self.stage.cloud.ports.store.secret(UUID(secret_id or ""))
        return (sealed or b"").decode()

    async def password(self, name: str) -> str:
        return (await databases.connection(self.stage.cloud, "main", name)).password


@pytest.fixture
async def on(stage: Stage) -> Replicas:
    return Replicas(stage)


async def test_a_replica_is_copied_and_follows(on: Replicas) -> None:
    source, replica = await on.following()
    told = await on.stage.told(replica)
    assert told[:3] == ["create_requested", "replica_requested", "copied"]
    assert told[-1] == "became_available"
    assert on.replicas.kept == {replica.public_id: await on.secret(replica.source_login_id)}
    assert on.parts(replica) == set()
    assert (replica.vpc_id, replica.settings) == (source.vpc_id, source.settings)
    found = await databases.connection(on.stage.cloud, "main", "orders-r1")
    assert (found.password, found.is_read_only) == (await on.password("orders"), True)
    assert found.password != await on.secret(replica.login_id)
    on.replicas.lag_bytes = 7
    (shown,) = (await databases.replicas(on.stage.cloud, "main", "orders"))["replicas"]
    assert (shown["name"], shown["replica_state"], shown["replica_lag_bytes"]) == (
        "orders-r1",
        "streaming",
        7,
    )
    on.replicas.cut.add(replica.public_id)
    assert "replica_lag_bytes" not in await databases.stats(on.stage.cloud, "main", "orders-r1")


async def test_a_replica_is_neither_backed_up_nor_restored(on: Replicas) -> None:
    _, replica = await on.following()
    await on.pass_all(replica)
    archive = await on.archive_of(replica)
    assert (archive.made, on.parts(archive)) == (0, set())
    for asked in (
        archives.back_up(on.stage.cloud, REQUEST, "orders-r1"),
        archives.restorable(on.stage.cloud, "main", "orders-r1"),
        databases.plan(on.stage.cloud, "main", "orders-r1", databases.RestoreDatabase(name="again")),
        databases.restore(on.stage.cloud, REQUEST, "orders-r1", databases.RestoreDatabase(name="again")),
        databases.delete(on.stage.cloud, REQUEST, "orders-r1", keep_backups=True, final_backup=True),
    ):
        with refused(IsReplica, "orders"):
            await asked


async def test_that_a_replica_does_not_follow_is_told_and_heals(on: Replicas) -> None:
    source, replica = await on.following()
    on.replicas.cut.add(replica.public_id)
    with pytest.raises(Refused, match="does not follow orders, from which nothing comes"):
        await on.stage.pass_(replica)
    assert (await on.now(replica)).status == "error"
    await on.stage.cloud.change(REQUEST, Database, "orders", Database.stop)
    await on.stage.pass_(source)
    with pytest.raises(Refused, match="which is stopped"):
        await on.stage.pass_(replica)
    await on.stage.cloud.change(REQUEST, Database, "orders", Database.start)
    on.replicas.cut.clear()
    await on.available(source, replica)


async def test_a_promotion_that_is_requested_during_a_pass_is_no_failure(
    on: Replicas, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, replica = await on.following()
    on.replicas.cut.add(replica.public_id)
    replication_status = on.replicas.replication_status

    async def promoted_meanwhile(at: Endpoint, admin: str) -> ReplicationStatus:
        await databases.promote(on.stage.cloud, REQUEST, "orders-r1")
        return await replication_status(at, admin)

    with monkeypatch.context() as during:
        during.setattr(on.replicas, "replication_status", promoted_meanwhile)
        await on.stage.pass_(replica)
    assert (await on.now(replica)).status == "promoting"
    await on.usable(replica)
    assert "failed" not in await on.stage.told(replica)


async def test_a_replica_that_its_source_kept_too_little_for_is_copied_anew(on: Replicas) -> None:
    source, replica = await on.following()
    on.replicas.lost.add(replica.public_id)
    await on.stage.pass_(replica)
    assert (await on.now(replica)).is_copying
    await on.available(source, replica)
    assert (await on.stage.told(replica)).count("copied") == 2
    assert on.parts(replica) == set()


async def test_a_replica_takes_over_the_parameters_of_its_source(on: Replicas) -> None:
    source, replica = await on.following()
    wish = databases.ChangeDatabase(parameters={"work_mem": "8192"})
    await databases.change(on.stage.cloud, REQUEST, "orders", wish)
    await on.pass_all(source, replica)
    await on.available(source, replica)
    assert (await on.now(replica)).settings["parameters"] == {"work_mem": "8192"}
    assert b"8192" in on.engine.containers[replica.public_id].files["parameters"]


@pytest.mark.parametrize("is_lost", [False, True], ids=["alive", "lost"])
async def test_a_promoted_replica_is_on_its_own(on: Replicas, is_lost: bool) -> None:  # noqa: FBT001
    source, replica = await on.following()
    before = await on.password("orders")
    on.replicas.lag_bytes = 9
    if is_lost:
        on.engine.vanish(source.public_id)
        on.engine.fail("containers.ensure", Refused("no space is left"), None)
        await on.stage.refused(source)
    await databases.promote(on.stage.cloud, REQUEST, "orders-r1")
    assert audit(on.stage.database_url) == []
    await on.usable(replica)
    assert (await on.stage.last(replica, "promoted"))["behind_bytes"] == (None if is_lost else 9)
    on.engine.heal("containers.ensure")
    archive = await on.backed_up(replica)
    assert (archive.made, on.parts(archive)) == (1, {"log"})
    assert await on.password("orders-r1") == before
    assert await on.secret(replica.source_login_id) == ""
    await on.available(source)
    await on.pass_all(source)
    assert (on.replicas.kept, (await on.now(source)).followers.leaving) == ({}, ())
    await databases.delete(on.stage.cloud, REQUEST, "orders", keep_backups=False, final_backup=False)


async def test_what_is_kept_for_a_deleted_replica_goes(on: Replicas) -> None:
    source, replica = await on.following()
    with refused(HasReplicas, "orders-r1"):
        await databases.delete(on.stage.cloud, REQUEST, "orders", keep_backups=False, final_backup=False)
    await databases.delete(on.stage.cloud, REQUEST, "orders-r1", keep_backups=False, final_backup=False)

    async def gone() -> bool:
        is_gone = (await on.archive_of(replica)).status == "deleted"
        return is_gone and not (await on.now(source)).followers.leaving

    await on.until(gone, replica, source)
    assert on.replicas.kept == {}
    assert not [
        id_ for id_ in (*on.engine.containers, *on.engine.volumes) if id_.startswith(replica.public_id)
    ]
    assert await on.secret(replica.source_login_id) == ""
    with pytest.raises(NotFound):
        await databases.replicate(on.stage.cloud, REQUEST, "nosuch", databases.CreateReplica(name="r2"))


CALLS = (
    "containers.ensure",
    "containers.start",
    "containers.inspect",
    "containers.remove",
    "volumes.ensure",
    "replicas.admit",
    "replicas.replication_status",
    "replicas.promote",
    "replicas.dismiss",
    "databases.administer",
)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("nth", [1, 3])
async def test_a_controller_that_dies_anywhere_strands_nothing(on: Replicas, call: str, nth: int) -> None:
    """Copy, promote one, delete the other, delete all; calls are interrupted and the controller restarts."""

    async def cut() -> None:
        on.engine.fail(call, Unreachable("it was cut off"), nth)
        on.stage.restart_controller()

    source = await on.create()
    first, second = await on.replicate(source), await on.replicate(source, "orders-r2")
    await cut()
    await on.available(source, first, second)
    await databases.promote(on.stage.cloud, REQUEST, "orders-r1")
    await cut()
    await on.available(source, first, second)
    for name in ("orders-r2", "orders-r1", "orders"):
        await cut()
        delete = databases.delete(on.stage.cloud, REQUEST, name, keep_backups=False, final_backup=False)
        await delete
        if name == "orders-r2":
            await on.until(lambda: _is_deleted(on, second), source, first, second)

    async def ended() -> bool:
        found: list[Archive] = [await on.archive_of(each) for each in (source, first, second)]
        return {each.status for each in found} == {"deleted"}

    await on.until(ended, source, first, second)
    on.engine.heal(call)
    await on.pass_all(source, first, second)
    assert on.engine.containers == on.engine.volumes == {}
    assert audit(on.stage.database_url) == []
    told = await on.stage.told(first)
    assert [told.count(each) for each in ("promoted", "deleted")] == [1, 1]


async def _is_deleted(on: Replicas, found: Database) -> bool:
    return (await on.now(found)).status == "deleted"
