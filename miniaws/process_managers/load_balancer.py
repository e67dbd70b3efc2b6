"""Keeps a proxy for every load balancer, and reports the states of its targets.

instances with the tags of a selector  -> register, release
instances, health checks of the proxy  -> report_target: initial, healthy, unhealthy, draining, unused, or release
its address and name in the VPC        -> firewall.admit -> host_addresses.ensure
targets in service                     -> proxies.ensure -> report_available
deleting, not yet deleted              -> proxies.remove -> host_addresses.remove -> report_deleted

A state is reported before the proxy is configured for it, so an instance that may get requests is known to be in
service, and is not ended before it has drained. The firewall knows a published port before the proxy listens on it.

On a host that cannot have the address, the proxy runs without it: it listens and connects as any program of the host.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from ipaddress import IPv4Network
from uuid import UUID

import orjson
import structlog

from domain.errors import ImagePending, NotFound, PortError, Unreachable
from domain.instance import Instance
from domain.load_balancer import LoadBalancer, TargetSpec
from domain.load_balancer.health import Seen, TargetAddress, address_of, inside, planned, verdict
from domain.load_balancer.proxy import Proxies
from domain.load_balancer.target import MAX_TARGETS
from domain.ports import HostAddress, HostAddresses, PublishedPort
from domain.vpc import Vpc, internal_name
from miniaws.application import Cloud
from miniaws.process_managers import attachment
from miniaws.process_managers.interface import assigned, why_not_ready
from miniaws.runtime.reconciler import LONG_PASS_S, ReconcileResult, lifecycle
from projections.listing import Query

_log = structlog.get_logger("load_balancer")
_DRAINING_S = 0.3
_INITIAL_S = 0.5
_SELECTING_S = 2.0
_CREATING_S = 0.2
_IMAGE_S = 1.0
_ADDRESS_S = 30.0
"""Seconds until the host is given an address again that it could not have."""


@dataclass(frozen=True, slots=True)
class _Lacking:
    """An address that the host cannot have at the moment."""

    wanted: HostAddress
    error: PortError
    retry_at: datetime
    told: str
    """The reason that was logged last."""


class LoadBalancerManager:
    """Reconciles proxies with load balancers."""

    kind = LoadBalancer.KIND
    timeout_s = LONG_PASS_S

    def __init__(self, cloud: Cloud, proxies: Proxies, addresses: HostAddresses) -> None:
        self._cloud = cloud
        self._proxies = proxies
        self._addresses = addresses
        self._lacking: dict[str, _Lacking] = {}
        self._admitted: dict[str, tuple[object, ...]] = {}
        """Groups, address and ports that the firewall admitted last, by balancer."""
        self._reconciler = lifecycle(cloud, LoadBalancer, ensure=self._ensure, remove=self._remove)

    async def reconcile(self, resource_id: UUID) -> ReconcileResult:
        """Reconcile one load balancer."""
        return await self._reconciler.reconcile(resource_id)

    async def _remove(self, balancer: LoadBalancer) -> ReconcileResult:
        await self._proxies.remove(balancer.public_id)
        await self._addresses.remove(balancer.public_id, balancer.vpc_id)
        self._lacking.pop(balancer.public_id, None)
        self._admitted.pop(balancer.public_id, None)
        await self._reconciler.report(balancer, LoadBalancer.report_deleted)
        return ReconcileResult("removed the proxy")

    async def _ensure(self, balancer: LoadBalancer) -> ReconcileResult:
        if waits := await assigned(self._cloud, balancer):
            return waits
        balancer = await self._follow_selectors(balancer)
        vpc = await self._cloud.load(Vpc, balancer.account_id, balancer.vpc_id)
        if vpc.was_available and (missing := await why_not_ready(self._cloud, balancer, ())):
            return ReconcileResult(f"waits for {missing}", _CREATING_S)
        balancer = await self._judge(balancer, vpc)
        lacking = await self._join(balancer, vpc)
        plan = planned(balancer, await self._certificates(balancer), vpc)
        await self._proxies.ensure(replace(plan, address=None, network=None) if lacking else plan)
        if lacking and isinstance(lacking.error, ImagePending) and balancer.status != "available":
            raise lacking.error
        await self._reconciler.report(balancer, LoadBalancer.report_available)
        states = [target.state for target in balancer.targets.values()]
        counted = ", ".join(f"{states.count(state)} {state}" for state in sorted(set(states)))
        done = ReconcileResult(f"balances to {counted or 'nothing'}", _requeue_after_s(balancer, vpc))
        return self._without_address(done, lacking) if lacking else done

    async def _join(self, balancer: LoadBalancer, vpc: Vpc) -> _Lacking | None:
        """Assign the balancer its address in its VPC; return what it lacks where the host cannot have it."""
        if (address := inside(balancer, vpc)) is None:
            return None
        await self._admit(balancer)
        wanted, now = _host_address(balancer, vpc, address), self._now()
        before = self._lacking.get(balancer.public_id)
        if before is not None and before.wanted == wanted and now < before.retry_at:
            return before
        try:
            await self._addresses.ensure(wanted)
        except Unreachable:
            # That says nothing about the address, and the proxy needs the engine as well.
            raise
        except PortError as error:
            lacking = self._lacking[balancer.public_id] = _lacking(wanted, error, now, before)
            return lacking
        self._lacking.pop(balancer.public_id, None)
        return None

    async def _admit(self, balancer: LoadBalancer) -> None:
        """Enforce its security groups; again when these or its published ports have changed."""
        ports = _published(balancer, self._cloud.settings.publish_address)
        wanted = (balancer.interface, tuple(ports))
        if balancer.status != "available" or self._admitted.get(balancer.public_id) != wanted:
            await attachment.admit(self._cloud, balancer, ports)
            self._admitted[balancer.public_id] = wanted

    def _without_address(self, done: ReconcileResult, lacking: _Lacking) -> ReconcileResult:
        left_s = max(_IMAGE_S, (lacking.retry_at - self._now()).total_seconds())
        next_s = left_s if done.requeue_after_s is None else min(left_s, done.requeue_after_s)
        sentence = f"{done.sentence}, without its address {lacking.wanted.address}: {lacking.error}"
        return ReconcileResult(sentence, next_s)

    async def _judge(self, balancer: LoadBalancer, vpc: Vpc) -> LoadBalancer:
        """Report in which state each target is."""
        there = await self._behind(balancer, vpc)
        health = await self._look(balancer)

        def decide(current: LoadBalancer) -> None:
            for target_id, each in list(current.targets.items()):
                if target_id in there:
                    if there[target_id].is_gone:
                        current.release(target_id)
                    found = verdict(each, there[target_id], health, current.delay(each))
                    current.report_target(target_id, found.state, found.reason, found.address, health.at)

        return await self._reconciler.report(balancer, decide)

    async def _look(self, balancer: LoadBalancer) -> Seen:
        try:
            proxy = await self._proxies.look(balancer.public_id)
        except PortError:
            # Draining must end by time even then.
            return Seen(None, self._now())
        return Seen(proxy.servers if proxy is not None else {}, self._now())

    async def _behind(self, balancer: LoadBalancer, vpc: Vpc) -> Mapping[str, TargetAddress]:
        ids = {
            each.spec.instance_id for each in balancer.targets.values() if each.spec.instance_id is not None
        }
        found = await asyncio.gather(*(self._instance(balancer, id_) for id_ in ids))
        instances = dict(zip(ids, found, strict=True))
        return {
            target_id: address_of(each, instances.get(each.spec.instance_id or ""), vpc)
            for target_id, each in balancer.targets.items()
        }

    async def _instance(self, balancer: LoadBalancer, instance_id: str) -> Instance | None:
        try:
            return await self._cloud.load(Instance, balancer.account_id, instance_id)
        except NotFound:
            return None

    async def _follow_selectors(self, balancer: LoadBalancer) -> LoadBalancer:
        """Register every instance with the tags of a selector, and release targets without them."""
        if not balancer.selectors and not any(each.spec.selector for each in balancer.targets.values()):
            return balancer
        range_ = IPv4Network((await self._cloud.load(Vpc, balancer.account_id, balancer.vpc_id)).cidr)
        desired = {spec.id: spec for spec in await self._selected(balancer)}

        def decide(current: LoadBalancer) -> None:
            for target in list(current.targets.values()):
                if target.spec.selector is not None and target.spec.id not in desired:
                    current.release(target.spec.id)
            for spec in desired.values():
                target = current.targets.get(spec.id)
                # A target that somebody registered by hand stays as it is.
                if target is None or target.is_leaving or target.spec.selector is not None:
                    current.register(spec, range_)

        return await self._reconciler.report(balancer, decide)

    async def _selected(self, balancer: LoadBalancer) -> list[TargetSpec]:
        found: list[TargetSpec] = []
        for selector in balancer.selectors.values():
            for instance_id in await self._with_tags(balancer, selector.tags):
                instance = await self._instance(balancer, instance_id)
                if instance is not None and instance.wanted != "terminated" and _has(instance, selector.tags):
                    found.append(
                        TargetSpec(
                            selector.target_group,
                            selector.port,
                            selector.weight,
                            instance.public_id,
                            instance.name,
                            selector=selector.id,
                        )
                    )
        return found

    async def _with_tags(self, balancer: LoadBalancer, tags: Mapping[str, str]) -> list[str]:
        """Return the instances of the VPC that had these tags a moment ago."""
        inventory = self._cloud.ports.inventory
        at = await inventory.position()
        query = Query(at, balancer.account_id, Instance.KIND, tags=dict(tags), limit=MAX_TARGETS)
        documents = [orjson.loads(each) for each in (await inventory.page(query)).documents]
        return [each["id"] for each in documents if each["spec"]["vpc"]["id"] == balancer.vpc_id]

    async def _certificates(self, balancer: LoadBalancer) -> dict[str, bytes]:
        found: dict[str, bytes] = {}
        for name, certificate in balancer.certificates.items():
            named = f"the private key of certificate {name} of load balancer {balancer.name}"
            found[name] = certificate.pem.encode() + await self._cloud.secret(certificate.key_id, named)
        return found

    def _now(self) -> datetime:
        return self._cloud.ports.clock.now()


def _published(balancer: LoadBalancer, publish_address: str) -> list[PublishedPort]:
    return [PublishedPort(each.port, each.port, publish_address) for each in balancer.listeners]


def _host_address(balancer: LoadBalancer, vpc: Vpc, address: str) -> HostAddress:
    names = (balancer.name, balancer.public_id, internal_name(balancer.name, vpc.name))
    return HostAddress(balancer.public_id, balancer.account_id, balancer.vpc_id, address, names)


def _lacking(wanted: HostAddress, error: PortError, now: datetime, before: _Lacking | None) -> _Lacking:
    """Return what the host lacks, and log the reason, once while it stays the same."""
    told = before.told if before is not None else ""
    if isinstance(error, ImagePending):
        return _Lacking(wanted, error, now, told)
    if str(error) != told:
        _log.warning("no address", resource=wanted.resource_id, address=wanted.address, why=str(error))
    return _Lacking(wanted, error, now + timedelta(seconds=_ADDRESS_S), str(error))


def _has(instance: Instance, tags: Mapping[str, str]) -> bool:
    return tags.items() <= instance.tags.items()


def _requeue_after_s(balancer: LoadBalancer, vpc: Vpc) -> float | None:
    states = {target.state for target in balancer.targets.values()}
    if "draining" in states:
        return _DRAINING_S
    if "initial" in states or vpc.status == "creating":
        return _INITIAL_S
    waits_for_vpc = bool(balancer.targets) and not vpc.was_available
    return _SELECTING_S if balancer.selectors or waits_for_vpc else None


def create_manager(cloud: Cloud) -> LoadBalancerManager:
    """Return what reconciles proxies with load balancers."""
    return LoadBalancerManager(cloud, cloud.ports.proxies, cloud.ports.host_addresses)
