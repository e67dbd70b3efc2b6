"""Launches and ends instances of a group, each in one save with the group's own event."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

import orjson

from domain.aggregate import name_scope
from domain.instance import Instance
from domain.scaling_group import ScalingGroup, plan
from domain.scaling_group.convergence import Release
from domain.store import Cause, ClaimTaken, VersionConflict
from domain.values import parse_id
from miniaws.application import Cloud, Request

_NAMES_TRIED = 50


class Launching:
    """Changes a group and an instance together."""

    def __init__(self, cloud: Cloud, cause: Cause) -> None:
        self._cloud = cloud
        self._cause = cause

    async def launch(self, group_id: UUID, now: datetime) -> str | None:
        """Launch one instance, if one is still missing, and return its name."""
        group = await self._cloud.load_by_id(ScalingGroup, group_id)
        reason = plan(group, now).reason
        if not reason:
            return None
        for number in range(group.next_number, group.next_number + _NAMES_TRIED):
            try:
                return await self._launch(group_id, number, reason, now)
            except ClaimTaken as taken:
                # Somebody else's instance has the name: that is theirs, we take the next one.
                if taken.claim.scope != name_scope(group.account_id, Instance.KIND):
                    raise
            except VersionConflict:
                return None  # the next pass looks again
        return None

    async def end(self, group_id: UUID, release: Release, now: datetime) -> bool:
        """End one instance, unless somebody changed the group or the instance meanwhile."""
        group = await self._cloud.load_by_id(ScalingGroup, group_id)
        if release.instance_id not in group.members or release not in plan(group, now).releases:
            return False
        parsed = parse_id(release.instance_id)
        assert parsed is not None  # noqa: S101 - written by a launch
        instance = await self._cloud.load_by_id(Instance, parsed[1])
        group.release(release.instance_id, release.reason, now)
        instance.terminate()
        try:
            await self._cloud.save(self._request(group), group, instance)
        except VersionConflict:
            return False
        return True

    async def _launch(self, group_id: UUID, number: int, reason: str, now: datetime) -> str:
        group = await self._cloud.load_by_id(ScalingGroup, group_id)
        template = group.template
        name = f"{group.name}-{number}"
        environment: dict[str, str] = {}
        environment_id: UUID | None = None
        secrets: dict[UUID, bytes] = {}
        if template.environment_id is not None:
            sealed = await self._cloud.ports.store.secret(UUID(template.environment_id))
            environment = orjson.loads(sealed) if sealed is not None else {}
            environment_id = self._cloud.ports.chance.uuid()
            secrets = {environment_id: orjson.dumps(environment)}
        spec = template.spec(group.account_id, name, group.public_id, environment, environment_id)
        instance = Instance.launch(spec, {})
        group.note_launched(instance.public_id, name, number, reason, now)
        await self._cloud.save(self._request(group), group, instance, secrets=secrets, owner=instance.id)
        return name

    def _request(self, group: ScalingGroup) -> Request:
        return Request(replace(self._cause, account_id=group.account_id))
