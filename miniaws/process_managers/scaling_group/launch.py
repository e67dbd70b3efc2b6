"""Launches and ends instances of a group, each in one save with the group's own event."""

from dataclasses import replace
from datetime import datetime

import orjson

from domain.aggregate import name_scope
from domain.errors import NotFound
from domain.instance import Instance
from domain.managed import BeingDeleted
from domain.scaling_group import ScalingGroup, Template, plan
from domain.scaling_group.convergence import Release
from domain.store import Cause, ClaimTaken, RequirementMissing
from miniaws.application import Cloud, Request, UnitOfWork
from miniaws.commands import interface
from miniaws.commands.interface import NoFreeAddress, Place

_NAMES_TRIED = 50


class Launching:
    """Changes a group and an instance together."""

    def __init__(self, cloud: Cloud, cause: Cause) -> None:
        self._cloud = cloud
        self._cause = cause

    async def launch(self, group: ScalingGroup, now: datetime) -> str | None:
        """Launch one instance and return its name; None when none is missing, and when no name or address is free."""
        for skipped in range(_NAMES_TRIED):
            try:
                return await self._launch(group, skipped, now)
            except (NoFreeAddress, NotFound, BeingDeleted) as error:
                await self._note_not_launched(group, str(error), now)
                return None
            except ClaimTaken as taken:
                # An instance outside the group has the name: use the next one.
                if taken.claim.scope != name_scope(group.account_id, Instance.KIND):
                    raise
        return None

    async def end(self, group: ScalingGroup, release: Release, now: datetime) -> bool:
        """End one instance; return False when the group no longer releases it."""
        is_released = False

        async def work(unit: UnitOfWork) -> None:
            nonlocal is_released
            current = await unit.load(ScalingGroup, group.public_id)
            is_released = release.instance_id in current.members and release in plan(current, now).releases
            if is_released:
                instance = await unit.load(Instance, release.instance_id)
                current.release(release.instance_id, release.reason, now)
                instance.terminate()

        await self._cloud.transact(self._request(group), work)
        return is_released

    async def _note_not_launched(self, group: ScalingGroup, reason: str, now: datetime) -> None:
        def decide(current: ScalingGroup) -> None:
            current.note_not_launched(reason, now)

        await self._cloud.report(ScalingGroup, group.id, self._cause, decide)

    async def _launch(self, group: ScalingGroup, skipped: int, now: datetime) -> str | None:
        name: str | None = None

        async def work(unit: UnitOfWork) -> None:
            nonlocal name
            name = None
            current = await unit.load(ScalingGroup, group.public_id)
            reason = plan(current, now).reason
            if reason:
                number = current.next_number + skipped
                name = f"{current.name}-{number}"
                instance = await self._instance(unit, current, name)
                await interface.assign(self._cloud, instance, _place(current.template))
                current.note_launched(instance.public_id, name, number, reason, now)
                unit.add(instance)

        async def recover(conflict: ClaimTaken | RequirementMissing) -> None:
            if not interface.recovers(self._cloud, conflict):
                raise conflict

        await self._cloud.transact(self._request(group), work, recover)
        return name

    async def _instance(self, unit: UnitOfWork, group: ScalingGroup, name: str) -> Instance:
        template = group.template
        if template.environment_id is None:
            return Instance.launch(template.spec(group.account_id, name, group.public_id, {}, None), {})
        secret = await self._cloud.secret(
            template.environment_id, f"the environment of scaling group {group.name}"
        )
        environment = orjson.loads(secret)
        environment_id = unit.seal(orjson.dumps(environment))
        spec = template.spec(group.account_id, name, group.public_id, environment, environment_id)
        instance = Instance.launch(spec, {})
        unit.secrets_owner = instance.id
        return instance

    def _request(self, group: ScalingGroup) -> Request:
        return Request(replace(self._cause, account_id=group.account_id))


def _place(template: Template) -> Place:
    return Place(template.subnet_id, tuple(each.id for each in template.security_groups))
