"""How the instances of a group are, as their own events say."""

import asyncio
from collections.abc import Mapping

from domain.instance import Instance
from domain.load_balancer import LoadBalancer
from domain.scaling_group import ScalingGroup
from domain.scaling_group.attachment import health
from domain.scaling_group.member import SeenInstance
from domain.values import parse_id
from miniaws.application import Cloud


async def look(cloud: Cloud, group: ScalingGroup) -> dict[str, SeenInstance]:
    """Return what is known of each instance of the group, also to its load balancers."""
    found = await asyncio.gather(*(_load(cloud, instance_id) for instance_id in group.members))
    balancers = await attached(cloud, group)
    return {
        instance.public_id: SeenInstance(
            instance.status,
            instance.status_reason,
            instance.modified_on,
            health(balancers, instance.public_id),
        )
        for instance in found
    }


async def attached(cloud: Cloud, group: ScalingGroup) -> list[LoadBalancer]:
    """Return the load balancers before the group that are not about to go."""
    ids = dict.fromkeys(each.load_balancer_id for each in group.attachments)
    found = [await cloud.load(LoadBalancer, group.account_id, id_) for id_ in ids]
    return [balancer for balancer in found if not balancer.is_deleting]


def failing(group: ScalingGroup, seen: Mapping[str, SeenInstance]) -> str | None:
    """Return why an instance does not come into service, None when none is known to fail."""
    for member in group.members.values():
        if member.is_leaving:
            continue
        found = seen.get(member.instance_id)
        if found is not None and found.status == "error":
            return f"{member.name}: {found.reason}"
        if member.unhealthy is not None:
            return f"{member.name}: {member.unhealthy}"
    return None


async def _load(cloud: Cloud, instance_id: str) -> Instance:
    parsed = parse_id(instance_id)
    assert parsed is not None  # noqa: S101 - written by a launch
    return await cloud.load_by_id(Instance, parsed[1])
