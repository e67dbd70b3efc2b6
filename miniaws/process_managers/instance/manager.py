"""Keeps a container for every instance, by the actions of ``domain.instance.next_action``."""

import asyncio
from collections.abc import Callable
from uuid import UUID

import orjson

from domain.errors import PortError
from domain.instance import Instance, NextAction, next_action
from domain.instance.run_state import AT_ONCE
from domain.instance.spec import USER_DATA_PATH
from domain.instance_type import instance_type
from domain.load_balancer import LoadBalancer
from domain.ports import Containers, ContainerSpec, EngineEvent, File, Mount, PublishedPort, SeenContainer
from domain.volume import Volume
from domain.watch import service_scope
from miniaws.application import Cloud, UnitOfWork
from miniaws.process_managers import attachment
from miniaws.process_managers.instance.exit_history import ExitHistory
from miniaws.process_managers.interface import assigned, why_not_ready
from miniaws.runtime.reconciler import (
    LONG_PASS_S,
    Reconciler,
    ReconcileResult,
    State,
    failure,
    stable_reason,
)

_WAIT_S = 0.5
_DEPENDENCY_S = 0.1
_LONG_CALL_S = 1.0
_KILLED = 137
_REMOVAL_S = 0.3
_STOP_S = 10.0
"""How long a pass waits for a program to end; then the pass ends, and a later one continues to wait."""
_REPORTS = {
    NextAction.REPORT_STARTED,
    NextAction.REPORT_STOPPED,
    NextAction.REPORT_CRASHED,
    NextAction.REPORT_PAUSED,
    NextAction.REPORT_UNASKED,
    NextAction.REPORT_LOST,
    NextAction.REPORT_RESIZED,
}
_STOPS = {NextAction.STOP, NextAction.RESTART}


class InstanceManager:
    """Reconciles containers with instances."""

    kind = Instance.KIND
    timeout_s = LONG_PASS_S

    def __init__(self, cloud: Cloud, containers: Containers) -> None:
        self._cloud = cloud
        self._containers = containers
        self._exits = ExitHistory()
        self._reconciler = Reconciler(
            cloud,
            Instance,
            stages=(self._assign_interface,),
            observe=self._observe,
            next_action=next_action,
            carry_out=self._carry_out,
            resting={NextAction.NOTHING: None, NextAction.WAIT: _WAIT_S, NextAction.WAIT_HELD: _WAIT_S},
            failure=lambda error: failure(error, stable_reason(error)),
        )

    def notice(self, event: EngineEvent) -> bool:
        """Record an event of the engine; return whether it may show what no pass has observed."""
        return event.kind != self.kind or self._exits.notice(event)

    async def reconcile(self, resource_id: UUID) -> ReconcileResult:
        """Reconcile one instance."""
        return await self._reconciler.reconcile(resource_id)

    async def _assign_interface(self, instance: Instance) -> ReconcileResult | None:
        if instance.wanted == "terminated":
            return None
        return await assigned(self._cloud, instance)

    async def _observe(self, instance: Instance) -> SeenContainer | None:
        if instance.status == "terminated":
            return None
        observed = await self._containers.inspect(instance.public_id)
        if (
            observed is None
            or observed.exit_code != _KILLED
            or next_action(instance, observed) is not NextAction.REPORT_CRASHED
        ):
            return observed
        # A removal by force kills first. Look again before it is reported as a mere kill.
        await asyncio.sleep(_REMOVAL_S)
        return await self._containers.inspect(instance.public_id)

    async def _carry_out(
        self, action: NextAction, instance: Instance, observed: SeenContainer | None
    ) -> ReconcileResult | State[Instance, SeenContainer | None] | None:
        """Carry out one action and return the state after it.

        The instance is loaded again only after a long call: a change of it marks the work again anyway.
        """
        if waits := await self._waits(action, instance, observed):
            return waits
        if action in _REPORTS:
            return State(await self._report(action, instance, observed), observed)
        if action is NextAction.REPORT_TRASHED:
            # Its VPC can be deleted meanwhile.
            await self._containers.leave_network(instance.public_id)
            await self._report_trashed(instance, observed)
            return None
        if action is NextAction.REPORT_TERMINATED:
            # Also when no container is observed: volumes and files kept for it may still be there.
            await self._containers.remove(instance.public_id)
            await self._report_terminated(instance)
            return None
        clock = self._cloud.ports.clock
        began_at = clock.now()
        if action in _STOPS and not await self._stop(instance):
            return ReconcileResult("waits for its program to end", _WAIT_S)
        observed = await self._converge(action, instance, observed)
        is_long = (clock.now() - began_at).total_seconds() > _LONG_CALL_S
        return None if is_long else State(instance, observed)

    async def _waits(
        self, action: NextAction, instance: Instance, observed: SeenContainer | None
    ) -> ReconcileResult | None:
        """Return what must happen before the action, or None."""
        # Checked before trying: a missing dependency may exist by the time a refusal is explained.
        if action is NextAction.MAKE and (missing := await self._missing(instance)):
            return ReconcileResult(f"waits for {missing}", _DEPENDENCY_S)
        if action is NextAction.REPORT_STARTED and (left_s := self._left_to_prove(instance, observed)) > 0:
            return ReconcileResult("waits to see it run", left_s)
        if _ends(action, observed) and (draining := await self._still_draining(instance)):
            return ReconcileResult(f"waits until {draining} has drained it", _DEPENDENCY_S)
        return None

    async def _stop(self, instance: Instance) -> bool:
        """Stop the program with its own signal and grace period; return False when that takes long."""
        try:
            async with asyncio.timeout(_STOP_S):
                await self._containers.stop(instance.public_id)
        except TimeoutError:
            return False
        return True

    async def _converge(
        self, action: NextAction, instance: Instance, observed: SeenContainer | None
    ) -> SeenContainer | None:
        containers, id_ = self._containers, instance.public_id
        match action:
            case NextAction.MAKE:
                return await containers.ensure(await self._spec(instance))
            case NextAction.START | NextAction.RESTART:
                return await self._start(instance, observed)
            case NextAction.STOP:
                pass
            case NextAction.RESIZE:
                limits = instance_type(instance.type)
                await containers.resize(id_, limits.cpus, limits.memory_mb)
            case NextAction.CONNECT:
                return await self._connect(instance)
            case NextAction.KEEP_FILES:
                await containers.keep_files(await self._spec(instance))
            case NextAction.REMOVE:
                await containers.remove(id_)
            case _:
                raise AssertionError(action)
        return await self._observe(instance)

    async def _start(self, instance: Instance, observed: SeenContainer | None) -> SeenContainer:
        if observed is not None and (observed.state != "created" or instance.was_trashed):
            # Its network may have been created again since it ran, or it left the network in the trash.
            await self._containers.ensure(await self._spec(instance))
        await attachment.admit(self._cloud, instance, self._ports(instance))
        self._exits.expect_start(instance.public_id)
        try:
            return await self._containers.start(instance.public_id)
        except PortError:
            self._exits.expect_no_start(instance.public_id)
            raise

    async def _connect(self, instance: Instance) -> SeenContainer:
        await attachment.admit(self._cloud, instance, self._ports(instance))
        return await self._containers.reattach(await self._spec(instance))

    async def _report(
        self, action: NextAction, instance: Instance, observed: SeenContainer | None
    ) -> Instance:
        def decide(current: Instance) -> None:
            # The desired state may have changed since: report only what still is the next action.
            if next_action(current, observed) is action:
                self._report_on(current, action, observed)

        reported = await self._reconciler.report(instance, decide, is_fresh=True)
        if action is NextAction.REPORT_CRASHED:
            self._exits.forget_end(instance.public_id)
        return reported

    def _report_on(self, instance: Instance, action: NextAction, observed: SeenContainer | None) -> None:
        match action:
            case NextAction.REPORT_STARTED if observed is not None and observed.started_at is not None:
                instance.report_started(observed.address, observed.started_at, observed.image_digest)
            case NextAction.REPORT_STOPPED:
                instance.report_stopped(
                    *((observed.exit_code, observed.started_at) if observed else (None, None))
                )
            case NextAction.REPORT_RESIZED:
                instance.report_resized()
            case NextAction.REPORT_PAUSED:
                instance.report_failed("its program was paused by hand")
            case NextAction.REPORT_UNASKED:
                instance.report_failed("it was started by hand")
            case _:
                instance.report_crashed(self._exits.end(instance, observed))

    async def _report_trashed(self, instance: Instance, observed: SeenContainer | None) -> None:
        """Report that it is in the trash, and detach its volumes in the same save."""
        started_at = observed.started_at if observed else None
        await self._report_end(instance, lambda current: current.report_trashed(started_at))

    async def _report_terminated(self, instance: Instance) -> None:
        """Report the end, and detach its volumes in the same save."""
        await self._report_end(instance, Instance.report_terminated)

    async def _report_end(self, instance: Instance, report: Callable[[Instance], None]) -> None:
        async def work(unit: UnitOfWork) -> None:
            current = await unit.load(Instance, instance.public_id)
            report(current)
            for attached in current.volumes:
                volume = await self._cloud.load(Volume, current.account_id, attached["volume_id"])
                if volume.attached_to == current.public_id:
                    volume.detach(current.public_id)
                    unit.add(volume)

        await self._reconciler.transact(instance, work)

    def _left_to_prove(self, instance: Instance, observed: SeenContainer | None) -> float:
        """Return how many seconds longer a program that failed must run to count as running.

        Its init process runs even where the program cannot, for some milliseconds.
        """
        if instance.status != "error" or observed is None or observed.started_at is None:
            return 0
        return (observed.started_at + AT_ONCE - self._cloud.ports.clock.now()).total_seconds()

    async def _missing(self, instance: Instance) -> str | None:
        volumes = [each["volume_id"] for each in instance.volumes]
        return await why_not_ready(self._cloud, instance, volumes)

    async def _still_draining(self, instance: Instance) -> str | None:
        """Return the load balancer that is still draining the instance."""
        now = self._cloud.ports.clock.now()
        for claim in await self._cloud.ports.store.claims(service_scope(instance.public_id)):
            balancer = await self._cloud.load_by_id(LoadBalancer, claim.owner)
            if balancer.is_draining(instance.public_id, instance.modified_on, now):
                return f"load balancer {balancer.name}"
        return None

    async def _spec(self, instance: Instance) -> ContainerSpec:
        limits = instance_type(instance.type)
        return ContainerSpec(
            resource_id=instance.public_id,
            account_id=instance.account_id,
            name=instance.name,
            image=instance.image,
            network_id=instance.vpc_id,
            generation=instance.generation,
            cpus=limits.cpus,
            memory_mb=limits.memory_mb,
            restart=instance.restart,
            init=instance.process.init,
            capabilities=tuple(instance.process.capabilities),
            stop_grace_s=instance.process.stop_grace_s,
            stop_signal=instance.process.stop_signal,
            command=tuple(instance.command),
            environment=await self._environment(instance),
            ports=self._ports(instance),
            files=await self._files(instance),
            mounts=tuple(Mount(volume["volume_id"], volume["path"]) for volume in instance.volumes),
            address=attachment.address(instance),
            aliases=attachment.names(instance.name, instance.vpc_name),
        )

    def _ports(self, instance: Instance) -> tuple[PublishedPort, ...]:
        address = self._cloud.settings.publish_address
        return tuple(
            PublishedPort(port["port"], port["publish"], address)
            for port in instance.ports
            if port["port"] is not None and port["publish"] is not None
        )

    async def _environment(self, instance: Instance) -> dict[str, str]:
        if instance.environment_id is None:
            return {}
        name = f"the environment of instance {instance.name}"
        return orjson.loads(await self._cloud.secret(instance.environment_id, name))

    async def _files(self, instance: Instance) -> dict[str, File]:
        if instance.user_data_id is None:
            return {}
        text = await self._cloud.secret(instance.user_data_id, f"the user data of instance {instance.name}")
        folders = {"/var/lib/cloud/": File(b"", 0o755), "/var/lib/cloud/instance/": File(b"", 0o755)}
        return folders | {USER_DATA_PATH: File(text, 0o600)}


def _ends(action: NextAction, observed: SeenContainer | None) -> bool:
    """Return whether an action ends a running program."""
    runs = observed is not None and observed.state == "running"
    return runs and action in {NextAction.STOP, NextAction.RESTART, NextAction.REMOVE}
