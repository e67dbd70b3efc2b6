"""Keeps a real container for every instance.

Each pass repeats ``domain.instance.next_step`` and carries out what it says, one idempotent call or one report at a
time, until nothing is left to do. Dying anywhere in between is harmless: the next pass starts from what is there.
"""

import asyncio
import contextlib
from uuid import UUID

import orjson

from domain.errors import PortError, Unreachable
from domain.instance import Instance, Step, next_step
from domain.instance.spec import USER_DATA_PATH
from domain.instance.traffic import service_scope
from domain.instance_type import instance_type
from domain.load_balancer import LoadBalancer
from domain.ports import Containers, ContainerSpec, EngineEvent, File, Mount, PublishedPort, SeenContainer
from domain.store import Cause, VersionConflict
from domain.volume import Volume
from domain.vpc import Vpc
from miniaws.application import Cloud, Request
from miniaws.process_managers.instance.told import Told
from miniaws.runtime.workers import Pass

_CAUSE = Cause(actor="system:instance-manager", account_id="")
_MOST_STEPS = 12
_WAIT_S = 0.5
_SOON_S = 0.1
_LONG_S = 1.0
_KILLED = 137
_REMOVAL_S = 0.3
_REPORTS = {
    Step.REPORT_STARTED,
    Step.REPORT_STOPPED,
    Step.REPORT_CRASHED,
    Step.REPORT_PAUSED,
    Step.REPORT_UNASKED,
    Step.REPORT_LOST,
    Step.REPORT_RESIZED,
}


class InstanceManager:
    """Reconciles containers with instances."""

    kind = Instance.KIND

    def __init__(self, cloud: Cloud, containers: Containers) -> None:
        self._cloud = cloud
        self._containers = containers
        self._told = Told()

    def notice(self, event: EngineEvent) -> bool:
        """Take in what the engine told; tell whether it may say what no pass has seen."""
        return event.kind != self.kind or self._told.notice(event)

    async def reconcile(self, resource_id: UUID) -> Pass:
        """Bring one instance in line."""
        done: list[str] = []
        wanted = await self._cloud.load_by_id(Instance, resource_id)
        if wanted.status == "terminated":
            return Pass("is terminated")
        try:
            seen = await self._look(wanted)
            for _ in range(_MOST_STEPS):
                step = next_step(wanted, seen)
                if step in {Step.NOTHING, Step.WAIT, Step.WAIT_HELD}:
                    did = ", ".join(done) or step.value
                    return Pass(did, None if step is Step.NOTHING else _WAIT_S)
                # Before it is tried: what is missing now may be there by the time a refusal could be explained.
                if step is Step.MAKE and (missing := await self._still_creating(wanted)):
                    return Pass(f"waits for {missing}", _SOON_S)
                if _ends(step, seen) and (draining := await self._still_draining(wanted)):
                    return Pass(f"waits until {draining} has drained it", _SOON_S)
                wanted, seen = await self._carry_out(step, wanted, seen)
                done.append(step.value)
        except PortError as error:
            await self._report_failed(resource_id, error)
            raise
        return Pass(", ".join(done), _WAIT_S)

    async def _look(self, wanted: Instance) -> SeenContainer | None:
        seen = await self._containers.inspect(wanted.public_id)
        if seen is None or seen.exit_code != _KILLED or next_step(wanted, seen) is not Step.REPORT_CRASHED:
            return seen
        # A removal by force kills first. Look again before it is told as a mere kill.
        await asyncio.sleep(_REMOVAL_S)
        return await self._containers.inspect(wanted.public_id)

    async def _carry_out(
        self, step: Step, wanted: Instance, seen: SeenContainer | None
    ) -> tuple[Instance, SeenContainer | None]:
        """Do it, and return what is wanted and seen then.

        What is wanted is asked for again only after what took long: a change of it marks the work anew anyway.
        """
        if step in _REPORTS:
            return await self._report(step, wanted, seen), seen
        clock = self._cloud.ports.clock
        began = clock.now()
        seen = await self._converge(step, wanted, seen)
        if step is Step.REPORT_TERMINATED or (clock.now() - began).total_seconds() > _LONG_S:
            wanted = await self._cloud.load_by_id(Instance, wanted.id)
        return wanted, seen

    async def _converge(
        self, step: Step, wanted: Instance, seen: SeenContainer | None
    ) -> SeenContainer | None:
        containers, id_ = self._containers, wanted.public_id
        match step:
            case Step.MAKE:
                return await containers.ensure(await self._spec(wanted))
            case Step.START:
                return await self._start(wanted, seen)
            case Step.STOP:
                await containers.stop(id_)
            case Step.RESTART:
                await containers.stop(id_)
                await containers.start(id_)
            case Step.RESIZE:
                limits = instance_type(wanted.type)
                await containers.resize(id_, limits.cpus, limits.memory_mb)
            case Step.REMOVE:
                await containers.remove(id_)
            case Step.REPORT_TERMINATED:
                # Also when no container is seen: volumes and files kept for it may still be there.
                await containers.remove(id_)
                await self._report_terminated(wanted.id)
            case _:
                raise AssertionError(step)
        return await self._look(wanted)

    async def _start(self, wanted: Instance, seen: SeenContainer | None) -> SeenContainer:
        if seen is not None and seen.state != "created":
            # Its network may have been made anew since it ran.
            await self._containers.ensure(await self._spec(wanted))
        self._told.expect_start(wanted.public_id)
        try:
            return await self._containers.start(wanted.public_id)
        except PortError:
            self._told.expect_no_start(wanted.public_id)
            raise

    async def _report(self, step: Step, wanted: Instance, seen: SeenContainer | None) -> Instance:
        def decide(instance: Instance) -> None:
            # Somebody may have changed the wish since this step was chosen: report only what still is the next step.
            if next_step(instance, seen) is step:
                self._tell(step, instance, seen)

        reported = await self._cloud.report(Instance, wanted.id, _CAUSE, decide, known=wanted)
        if step is Step.REPORT_CRASHED:
            self._told.forget_end(wanted.public_id)
        return reported

    def _tell(self, step: Step, instance: Instance, seen: SeenContainer | None) -> None:
        match step:
            case Step.REPORT_STARTED if seen is not None and seen.started_at is not None:
                instance.report_started(seen.address, seen.started_at)
            case Step.REPORT_STOPPED:
                instance.report_stopped(*((seen.exit_code, seen.started_at) if seen else (None, None)))
            case Step.REPORT_RESIZED:
                instance.report_resized()
            case Step.REPORT_PAUSED:
                instance.report_failed("its program was paused by hand")
            case Step.REPORT_UNASKED:
                instance.report_failed("it was started by hand")
            case _:
                instance.report_crashed(self._told.end(instance, seen))

    async def _report_failed(self, resource_id: UUID, error: PortError) -> None:
        reason = "the container engine does not answer" if isinstance(error, Unreachable) else str(error)
        await self._cloud.report(Instance, resource_id, _CAUSE, lambda i: i.report_failed(reason))

    async def _report_terminated(self, resource_id: UUID) -> None:
        """Report the end, and in the same save that its volumes are free."""
        instance = await self._cloud.load_by_id(Instance, resource_id)
        instance.report_terminated()
        volumes: list[Volume] = []
        for attached in instance.volumes:
            volume = await self._cloud.load(Volume, instance.account_id, attached["volume_id"])
            if volume.attached_to == instance.public_id:
                volume.detach(instance.public_id)
                volumes.append(volume)
        cause = Cause(actor=_CAUSE.actor, account_id=instance.account_id)
        # When somebody saved one of them in between, the next step is to report it again.
        with contextlib.suppress(VersionConflict):
            await self._cloud.save(Request(cause), instance, *volumes)

    async def _still_creating(self, wanted: Instance) -> str | None:
        """Return the network or volume that is about to be there: nothing is wrong yet."""
        needed = [(Vpc, wanted.vpc_id), *((Volume, each["volume_id"]) for each in wanted.volumes)]
        for kind, id_ in needed:
            found = await self._cloud.load(kind, wanted.account_id, id_)
            if found.status == "creating":
                return f"{found.KIND} {found.name}"
        return None

    async def _still_draining(self, wanted: Instance) -> str | None:
        """Return the balancer that has not let go of the instance yet."""
        now = self._cloud.ports.clock.now()
        for claim in await self._cloud.ports.store.claims(service_scope(wanted.public_id)):
            balancer = await self._cloud.load_by_id(LoadBalancer, claim.owner)
            if balancer.is_draining(wanted.public_id, wanted.modified_on, now):
                return f"load balancer {balancer.name}"
        return None

    async def _spec(self, wanted: Instance) -> ContainerSpec:
        limits = instance_type(wanted.type)
        return ContainerSpec(
            resource_id=wanted.public_id,
            account_id=wanted.account_id,
            name=wanted.name,
            image=wanted.image,
            network_id=wanted.vpc_id,
            generation=wanted.generation,
            cpus=limits.cpus,
            memory_mb=limits.memory_mb,
            restart=wanted.restart,
            command=tuple(wanted.command),
            environment=await self._environment(wanted),
            ports=self._ports(wanted),
            files=await self._files(wanted),
            mounts=tuple(Mount(volume["volume_id"], volume["path"]) for volume in wanted.volumes),
        )

    def _ports(self, wanted: Instance) -> tuple[PublishedPort, ...]:
        address = self._cloud.settings.publish_address
        return tuple(
            PublishedPort(port["port"], port["publish"], address)
            for port in wanted.ports
            if port["port"] is not None and port["publish"] is not None
        )

    async def _environment(self, wanted: Instance) -> dict[str, str]:
        if wanted.environment_id is None:
            return {}
        sealed = await self._cloud.ports.store.secret(UUID(wanted.environment_id))
        return orjson.loads(sealed) if sealed is not None else {}

    async def _files(self, wanted: Instance) -> dict[str, File]:
        if wanted.user_data_id is None:
            return {}
        sealed = await self._cloud.ports.store.secret(UUID(wanted.user_data_id))
        folders = {"/var/lib/cloud/": File(b"", 0o755), "/var/lib/cloud/instance/": File(b"", 0o755)}
        return folders | {USER_DATA_PATH: File(sealed, 0o600)} if sealed is not None else {}


def _ends(step: Step, seen: SeenContainer | None) -> bool:
    """Tell whether a step ends a program that runs."""
    runs = seen is not None and seen.state == "running"
    return runs and step in {Step.STOP, Step.RESTART, Step.REMOVE}
