"""What the container of a resource with an interface has in its VPC: its address, its names, its security groups."""

from collections.abc import Sequence

from domain.firewall import FirewallMember
from domain.interface import WithInterface
from domain.ports import PublishedPort
from domain.subnet import Subnet
from domain.vpc import internal_name
from miniaws.application import Cloud


async def admit(cloud: Cloud, resource: WithInterface, published: Sequence[PublishedPort]) -> None:
    """Enforce the security groups of a resource, which must happen before it can send anything.

    ``published`` are its ports on the host. Raises Refused when they cannot be enforced on this host.
    """
    if resource.interface is None:
        return
    interface = resource.interface
    subnet = await cloud.load(Subnet, resource.account_id, interface.subnet_id)
    member = FirewallMember(
        resource.public_id, interface.address, interface.group_ids, tuple(published), subnet.internet
    )
    await cloud.ports.firewall.admit(member)


def address(resource: WithInterface) -> str | None:
    """Return the address of its container; None for what an earlier version made, until it has an interface."""
    return resource.interface.address if resource.interface is not None else None


def names(name: str, vpc_name: str) -> tuple[str, ...]:
    """Return the names of its container besides its own and its id."""
    return (internal_name(name, vpc_name),)
