"""Commands for load balancers."""

from collections.abc import Sequence
from dataclasses import replace
from ipaddress import IPv4Network

from domain import values
from domain.errors import Conflict, within
from domain.load_balancer import BalancerSpec, Listener, LoadBalancer
from domain.load_balancer import certificate as certificates
from domain.load_balancer.errors import UnknownTarget
from domain.load_balancer.spec import DEFAULT_GROUP
from domain.managed import BeingDeleted
from domain.store import ClaimTaken, RequirementMissing
from domain.vpc import Vpc
from miniaws.application import Cloud, Request, Saved, UnitOfWork
from miniaws.commands import host_port, interface
from miniaws.commands.load_balancer import targets
from miniaws.commands.load_balancer.bodies import ChangeLoadBalancer as ChangeLoadBalancer
from miniaws.commands.load_balancer.bodies import CreateLoadBalancer as CreateLoadBalancer
from miniaws.commands.load_balancer.bodies import ListenOn as ListenOn
from miniaws.commands.load_balancer.bodies import RegisterTarget as RegisterTarget
from miniaws.commands.load_balancer.bodies import UploadCertificate as UploadCertificate


async def create(cloud: Cloud, request: Request, new: CreateLoadBalancer) -> Saved:
    """Create a load balancer with its certificates and targets.

    Raises Invalid, NotFound, NameTaken, HostPortTaken, BeingDeleted, BadCertificate, TargetInAnotherVpc.
    """
    account = request.cause.account_id

    async def work(unit: UnitOfWork) -> None:
        vpc = await cloud.load(Vpc, account, new.vpc)
        await _refuse_ports_in_use(cloud, [each.listener() for each in new.listeners])
        balancer = LoadBalancer.create(_spec(new, vpc))
        for name, certificate in new.certificates.items():
            with within(f"certificates.{name}"):
                _upload(cloud, unit, balancer, name, certificate)
        await _register(cloud, balancer, new, vpc)
        await interface.assign(cloud, balancer, new.place())
        unit.add(balancer)

    async def recover(conflict: ClaimTaken | RequirementMissing) -> None:
        if interface.recovers(cloud, conflict):
            return
        if isinstance(conflict, ClaimTaken):
            raise host_port.refusal(request, conflict, _port_fields(new.listeners), "listen") from None
        await targets.refuse_if_gone(cloud, account, new.targets)
        raise BeingDeleted(
            f"cannot balance in VPC {new.vpc}: it is being deleted; choose another", field="vpc"
        ) from None

    return await cloud.transact(request, work, recover)


async def _register(cloud: Cloud, balancer: LoadBalancer, new: CreateLoadBalancer, vpc: Vpc) -> None:
    for index, target in enumerate(new.targets):
        with within(f"targets.{index}"):
            add = await targets.addition(cloud, balancer.account_id, target, IPv4Network(vpc.cidr))
            add(balancer)


def _spec(new: CreateLoadBalancer, vpc: Vpc) -> BalancerSpec:
    return BalancerSpec(
        account_id=vpc.account_id,
        name=new.name,
        vpc_id=vpc.id,
        vpc_public_id=vpc.public_id,
        vpc_name=vpc.name,
        listeners=[each.listener() for each in new.listeners],
        target_groups=new.groups(),
        timeouts=new.timeouts.timeouts(),
        certificates=new.certificates.keys(),
        tags=new.tags,
    )


async def change(cloud: Cloud, request: Request, id_or_name: str, changes: ChangeLoadBalancer) -> Saved:
    """Change listeners, target groups, time limits, security groups or tags.

    Raises NotFound, Invalid, BeingDeleted, HostPortTaken, SubnetNotPublic.
    """
    listeners = None if changes.listeners is None else [each.listener() for each in changes.listeners]

    def decide(balancer: LoadBalancer) -> None:
        default, *others = sorted(balancer.target_groups, key=lambda group: group.name != DEFAULT_GROUP)
        if changes.target_groups is not None:
            others = [each.group() for each in changes.target_groups]
        balancer.change_routes(listeners, [replace(default, **changes.default_group()), *others])
        if changes.timeouts is not None:
            balancer.change_timeouts(changes.timeouts.timeouts())
        if changes.tags is not None:
            balancer.change_tags(changes.tags)

    await cloud.refuse_repeated(request)
    await _refuse_ports_in_use(cloud, listeners or ())
    try:
        return await interface.change(
            cloud, request, LoadBalancer, id_or_name, decide, changes.security_groups
        )
    except ClaimTaken as taken:
        raise host_port.refusal(request, taken, _port_fields(listeners or ()), "listen") from None


async def delete(cloud: Cloud, request: Request, id_or_name: str) -> Saved:
    """Delete a load balancer. Raises NotFound."""
    return await cloud.change(request, LoadBalancer, id_or_name, LoadBalancer.delete)


async def register_target(cloud: Cloud, request: Request, id_or_name: str, target: RegisterTarget) -> Saved:
    """Send requests to a target, or give it another weight.

    Raises NotFound, Invalid, BeingDeleted, TargetInAnotherVpc, InstanceTerminated.
    """
    account = request.cause.account_id
    add = await targets.addition(cloud, account, target, await _range(cloud, account, id_or_name))
    try:
        return await cloud.change(request, LoadBalancer, id_or_name, add)
    except RequirementMissing:
        raise targets.gone(str(target.instance)) from None


async def deregister_target(
    cloud: Cloud, request: Request, id_or_name: str, target: str, target_group: str | None = None
) -> Saved:
    """Take a target out; it drains first. ``target`` is its id, its instance or address, or a selector.

    Raises NotFound, TargetSelected, Conflict when several targets are meant.
    """

    def decide(balancer: LoadBalancer) -> None:
        if target in balancer.selectors:
            balancer.unselect(target)
        else:
            balancer.deregister(find_target(balancer, target, target_group))

    return await cloud.change(request, LoadBalancer, id_or_name, decide)


async def upload_certificate(
    cloud: Cloud, request: Request, id_or_name: str, name: str, given: UploadCertificate
) -> Saved:
    """Store a certificate; its private key is sealed. Raises NotFound, Invalid, BadCertificate, BeingDeleted."""

    async def work(unit: UnitOfWork) -> None:
        _upload(cloud, unit, await unit.load(LoadBalancer, id_or_name), name, given)

    return await cloud.transact(request, work)


async def remove_certificate(cloud: Cloud, request: Request, id_or_name: str, name: str) -> Saved:
    """Forget a certificate and its key. Raises NotFound, Invalid, CertificateInUse, BeingDeleted."""
    return await cloud.change(
        request, LoadBalancer, id_or_name, lambda balancer: balancer.remove_certificate(name)
    )


def find_target(balancer: LoadBalancer, target: str, target_group: str | None = None) -> str:
    """Return the id of the one target that is meant. Raises UnknownTarget, Conflict."""
    found = [
        each.spec.id
        for each in balancer.targets.values()
        if not each.is_leaving
        and target in {each.spec.id, each.spec.instance_id, each.spec.instance_name, each.spec.address}
        and target_group in {None, each.spec.target_group}
    ]
    if not found:
        raise UnknownTarget(
            f"cannot find the target {values.shown(target)} of {balancer.name}; show the balancer to see its targets"
        )
    if len(found) > 1:
        raise Conflict(
            f"cannot tell which target {values.shown(target)} means: use one of {', '.join(found)}",
            field="target",
        )
    return found[0]


def _upload(
    cloud: Cloud, unit: UnitOfWork, balancer: LoadBalancer, name: str, given: UploadCertificate
) -> None:
    certificate, key = certificates.read(name, given.certificate, given.private_key, cloud.ports.clock.now())
    balancer.upload_certificate(certificate, unit.seal(key))


async def _refuse_ports_in_use(cloud: Cloud, listeners: Sequence[Listener]) -> None:
    await host_port.refuse_if_in_use(cloud, _port_fields(listeners), "listen")


def _port_fields(listeners: Sequence[Listener | ListenOn]) -> host_port.Fields:
    return {listener.port: f"listeners.{index}.port" for index, listener in enumerate(listeners)}


async def _range(cloud: Cloud, account: str, id_or_name: str) -> IPv4Network:
    balancer = await cloud.load(LoadBalancer, account, id_or_name)
    return IPv4Network((await cloud.load(Vpc, account, balancer.vpc_id)).cidr)
