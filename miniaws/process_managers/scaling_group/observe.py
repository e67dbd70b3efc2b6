"""Observes the instances of a group, by their own events."""

import asyncio
from collections.abc import Mapping

from domain.instance import Instance
from domain.load_balancer import LoadBalancer
from domain.scaling_group import ScalingGroup
from domain.scaling_group.attachment import health
from domain.scaling_group.member import SeenInstance
from miniaws.application import Cloud


async def observe(cloud: Cloud, group: ScalingGroup) -> dict[str, SeenInstance]:
    """Return the state of each instance of the group, also in its load balancers."""
    found = await asyncio.gather(*(cloud.load_by_id(Instance, instance_id) for instance_id in group.members))
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
    """Return the load balancers of the group that are not being deleted."""
    ids = dict.fromkeys(each.load_balancer_id for each in group.attachments)
    found = [await cloud.load(LoadBalancer, group.account_id, id_) for id_ in ids]
    return [balancer for balancer in found if not balancer.is_deleting]


def failing(group: ScalingGroup, observed: Mapping[str, SeenInstance]) -> str | None:
    """Return why an instance does not come into service; None when none fails."""
    for member in group.members.values():
        if member.is_leaving:
            continue
        found = observed.get(member.instance_id)
        if found is not None and found.status == "error":
            return f"{member.name}: {found.reason}"
        if member.unhealthy is not None:
            return f"{member.name}: {member.unhealthy}"
    return None
