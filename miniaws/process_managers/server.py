"""Keeps a real server for every managed server, whatever its kind.

Each pass repeats ``domain.server.next_step`` and carries out what it says, one idempotent call or one report at a time.
It ends by using the server as its clients do: only then is it available. Dying anywhere in between is harmless: the
next pass starts from what is there.
"""

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Generic, TypeVar
from uuid import UUID

from domain.aggregate import Aggregate
from domain.errors import PortError, Unreachable
from domain.ports import Containers, ContainerSpec, File, Mount, PublishedPort, SeenContainer
from domain.server import (
    CERTIFICATE_PATH,
    KEY_PATH,
    Endpoint,
    Server,
    ServerClient,
    ServerEnd,
    Step,
    next_step,
)
from domain.status import SETTLING
from domain.store import Cause, ScopeInUse, VersionConflict
from domain.volume import Volume
from domain.vpc import Vpc
from miniaws.application import Cloud, Request
from miniaws.runtime.workers import Pass

S = TypeVar("S", bound=Server)
_MOST_STEPS = 12
_WAIT_S = 0.5
_SOON_S = 0.1
_PATIENCE = timedelta(seconds=180)
"""A server that has just been started may take so long until it answers."""


class ServerManager(Generic[S]):
    """Reconciles servers of one kind with containers; ``clients`` speak to them, by engine."""

    def __init__(
        self, cloud: Cloud, containers: Containers, kind: type[S], clients: Mapping[str, ServerClient[S]]
    ) -> None:
        self.kind = kind.KIND
        self._cloud = cloud
        self._containers = containers
        self._type = kind
        self._clients = clients
        self._cause = Cause(actor=f"system:{kind.KIND}-manager", account_id="")

    async def reconcile(self, resource_id: UUID) -> Pass:
        """Bring one server in line."""
        done: list[str] = []
        for _ in range(_MOST_STEPS):
            wanted = await self._cloud.load_by_id(self._type, resource_id)
            try:
                seen = await self._containers.inspect(wanted.public_id)
                step = next_step(wanted, seen)
                if step in {Step.NOTHING, Step.WAIT}:
                    did = ", ".join(done) or step.value
                    return Pass(did, _WAIT_S if step is Step.WAIT else None)
                if step is Step.USE and seen is not None:
                    return await self._use(wanted, seen, done)
                if step is Step.MAKE and (missing := await self._still_creating(wanted)):
                    return Pass(f"waits for {missing}", _SOON_S)
                await self._carry_out(step, wanted, seen)
            except PortError as error:
                await self._report_failed(resource_id, error)
                raise
            done.append(step.value)
        return Pass(", ".join(done), _WAIT_S)

    async def _use(self, wanted: S, seen: SeenContainer, done: list[str]) -> Pass:
        """Set it up and use it. While it starts, that it does not answer is no failure."""
        now = self._cloud.ports.clock.now()
        try:
            again_s = await self._set_up(wanted, Endpoint(seen.address or "", wanted.port))
        except Unreachable as error:
            is_new = seen.started_at is not None and now - seen.started_at < _PATIENCE
            if wanted.status not in SETTLING or not is_new:
                raise
            return Pass(f"waits until it answers: {error}", _SOON_S)
        return Pass(", ".join([*done, "used it"]), again_s)

    async def _set_up(self, wanted: S, at: Endpoint) -> float | None:
        """Set it up and use it; return after how many seconds it is to be looked at again, None for no haste."""
        client, password = self._clients[wanted.engine], await self._secret(wanted.login_id)
        if (next_id := wanted.next_login_id) is not None:
            new = await self._secret(next_id)
            await client.rotate(wanted, at, password, new)
            await self._report(wanted, lambda server: server.report_rotated(next_id))
            password = new
        wanted = await self._begun(wanted, at, password)
        if wanted.status != "available":
            await client.configure(wanted, at, password)
        await client.probe(wanted, at, password)
        await self._report_used(wanted)
        return None

    async def _report_used(self, wanted: S) -> None:
        if wanted.status != "available":
            await self._report(wanted, lambda server: _report_available(server, wanted))

    async def _begun(self, wanted: S, at: Endpoint, password: str) -> S:
        """Return it with what it found in its files; a kind that looks there overrides this."""
        del at, password
        return wanted

    async def _carry_out(self, step: Step, wanted: S, seen: SeenContainer | None) -> None:
        containers, id_ = self._containers, wanted.public_id
        match step:
            case Step.MAKE:
                await containers.ensure(await self._spec(wanted))
            case Step.START:
                if seen is not None and seen.state != "created":
                    # Its network may have been made anew since it ran.
                    await containers.ensure(await self._spec(wanted))
                await containers.start(id_)
            case Step.STOP:
                await containers.stop(id_)
            case Step.RESIZE if seen is not None:
                await self._resize(wanted, seen)
            case Step.REMOVE:
                await containers.remove(id_)
            case Step.REPORT_DELETED:
                # Also when no container is seen: volumes kept for it may still be there.
                await containers.remove(id_)
                await self._report_deleted(wanted.id)
            case _:
                await self._report(wanted, lambda server: _tell(step, server, seen))

    async def _resize(self, wanted: S, seen: SeenContainer) -> None:
        if wanted.memory_mb < seen.memory_mb and wanted.is_up:
            # It gives memory back first: else the engine could not take it away.
            at = Endpoint(seen.address or "", wanted.port)
            with contextlib.suppress(Unreachable):
                await self._clients[wanted.engine].configure(wanted, at, await self._secret(wanted.login_id))
        await self._containers.resize(wanted.public_id, wanted.cpus, wanted.memory_mb)

    async def _report(self, wanted: S, decide: Callable[[S], None]) -> None:
        await self._cloud.report(self._type, wanted.id, self._cause, decide)

    async def _report_failed(self, resource_id: UUID, error: PortError) -> None:
        await self._cloud.report(
            self._type, resource_id, self._cause, lambda server: server.report_failed(str(error))
        )

    async def _report_deleted(self, resource_id: UUID) -> None:
        """Report the end, and in the same save that its volume is not wanted any more."""
        server = await self._cloud.load_by_id(self._type, resource_id)
        company = await self._company(server)
        server.report_deleted()
        volumes: list[Volume] = []
        if server.volume_id is not None:
            volume = await self._cloud.load(Volume, server.account_id, server.volume_id)
            if volume.attached_to == server.public_id:
                volume.detach(server.public_id)
                volume.delete()
                volumes.append(volume)
        cause = replace(self._cause, account_id=server.account_id)
        # When somebody saved one of them in between, or a snapshot of the volume is being taken, this is tried again.
        with contextlib.suppress(VersionConflict, ScopeInUse):
            await self._cloud.save(Request(cause), server, *volumes, *company)

    async def _company(self, server: S) -> list[Aggregate]:
        """Return what else changes as it goes; a kind that knows of something overrides this."""
        del server
        return []

    async def _still_creating(self, wanted: S) -> str | None:
        """Return the network or volume that is about to be there: nothing is wrong yet."""
        needed: list[tuple[type[Vpc | Volume], str]] = [(Vpc, wanted.vpc_id)]
        needed += [(Volume, wanted.volume_id)] if wanted.volume_id is not None else []
        for kind, id_ in needed:
            found = await self._cloud.load(kind, wanted.account_id, id_)
            if found.status == "creating":
                return f"{found.KIND} {found.name}"
        return None

    async def _spec(self, wanted: S) -> ContainerSpec:
        client = self._clients[wanted.engine]
        brings_next = wanted.next_login_id is not None and not client.rotates_live
        password = await self._secret(
            wanted.next_login_id if brings_next and wanted.next_login_id else wanted.login_id
        )
        program = client.program(wanted, password)
        files = {**program.files, **await self._tls_files(wanted, program.user)}
        address = self._cloud.settings.publish_address
        published = wanted.publish
        return ContainerSpec(
            resource_id=wanted.public_id,
            account_id=wanted.account_id,
            name=wanted.name,
            image=wanted.image,
            network_id=wanted.vpc_id,
            generation=wanted.generation,
            cpus=wanted.cpus,
            memory_mb=wanted.memory_mb,
            restart="always",
            command=program.command,
            environment=program.environment,
            ports=(PublishedPort(wanted.port, published, address),) if published is not None else (),
            mounts=(Mount(wanted.volume_id, wanted.data_path),) if wanted.volume_id is not None else (),
            files=files,
            kind=self._type.KIND,  # pyright: ignore[reportArgumentType] - a kind of the ports
            keeps_files=False,
        )

    async def _tls_files(self, wanted: S, user: int) -> dict[str, File]:
        if wanted.certificate is None:
            return {}
        key = await self._secret(wanted.certificate.key_id)
        return {
            CERTIFICATE_PATH: File(wanted.certificate.pem.encode(), 0o444, user, user),
            KEY_PATH: File(key.encode(), 0o400, user, user),
        }

    async def _secret(self, secret_id: str) -> str:
        sealed = await self._cloud.ports.store.secret(UUID(secret_id))
        return sealed.decode() if sealed is not None else ""


def _tell(step: Step, server: Server, seen: SeenContainer | None) -> None:
    # Somebody may have changed the wish since this step was chosen: report only what still is the next step.
    if next_step(server, seen) is not step:
        return
    if step is Step.REPORT_STOPPED:
        server.report_stopped()
    elif step is Step.REPORT_CRASHED:
        server.report_crashed(_end(seen))
    elif step is Step.REPORT_STARTED and seen is not None and seen.started_at is not None:
        server.report_started(seen.address, seen.started_at)


def _report_available(server: Server, used: Server) -> None:
    """Report it of the server as it was used: not after another wish came in between."""
    same = (server.settings, server.memory_mb, server.generation) == (
        used.settings,
        used.memory_mb,
        used.generation,
    )
    if same and server.is_up and server.started_at == used.started_at:
        server.report_available()


def _end(seen: SeenContainer | None) -> ServerEnd:
    if seen is None:
        return ServerEnd(None, "its container was removed by hand")
    if seen.oom_killed:
        return ServerEnd(seen.exit_code, "it used more memory than it has and was killed")
    if seen.state == "running":
        return ServerEnd(None, "it ended while nobody watched; the engine started it again")
    return ServerEnd(seen.exit_code, f"its program ended with code {seen.exit_code}")
