"""Keeps a real proxy for every load balancer, and tells how its targets are.

instances with the tags of a selector  -> register, release
what runs, what the proxy saw          -> report_target: initial, healthy, unhealthy, draining, unused, or it leaves
targets in service                     -> proxies.ensure -> report_available
deleting, not yet deleted              -> proxies.remove -> report_deleted

A state is told before the proxy follows it, so an instance that may get requests is known to be in service, and is
not ended before it has drained. Dying anywhere in between is harmless: the next pass starts from what is there.
"""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import orjson

from domain.errors import NotFound, PortError
from domain.instance import Instance
from domain.load_balancer import LoadBalancer, TargetSpec
from domain.load_balancer.health import Behind, Seen, behind, planned, verdict
from domain.load_balancer.membership import MAX_TARGETS
from domain.load_balancer.proxy import Proxies
from domain.store import Cause
from domain.values import cidr
from domain.vpc import Vpc
from miniaws.application import Cloud
from miniaws.runtime.workers import Pass
from projections.listing import Query

_CAUSE = Cause(actor="system:load-balancer-manager", account_id="")
_DRAINING_S = 0.3
_INITIAL_S = 0.5
_SELECTING_S = 2.0
_CREATING_S = 0.2


class LoadBalancerManager:
    """Reconciles proxies with load balancers."""

    kind = LoadBalancer.KIND

    def __init__(self, cloud: Cloud, proxies: Proxies) -> None:
        self._cloud = cloud
        self._proxies = proxies

    async def reconcile(self, resource_id: UUID) -> Pass:
        """Bring one load balancer in line."""
        balancer = await self._cloud.load_by_id(LoadBalancer, resource_id)
        if balancer.status == "deleted":
            return Pass("is deleted")
        try:
            return await (self._remove(balancer) if balancer.is_deleting else self._ensure(balancer))
        except PortError as error:
            reason = str(error)
            await self._cloud.report(LoadBalancer, balancer.id, _CAUSE, lambda b: b.report_failed(reason))
            raise

    async def _remove(self, balancer: LoadBalancer) -> Pass:
        await self._proxies.remove(balancer.public_id)
        await self._cloud.report(LoadBalancer, balancer.id, _CAUSE, LoadBalancer.report_deleted)
        return Pass("removed the proxy")

    async def _ensure(self, balancer: LoadBalancer) -> Pass:
        balancer = await self._follow_selectors(balancer)
        balancer = await self._judge(balancer)
        await self._proxies.ensure(planned(balancer, await self._certificates(balancer)))
        await self._cloud.report(LoadBalancer, balancer.id, _CAUSE, LoadBalancer.report_available)
        states = [target.state for target in balancer.targets.values()]
        counted = ", ".join(f"{states.count(state)} {state}" for state in sorted(set(states)))
        return Pass(f"balances to {counted or 'nothing'}", _again_s(balancer))

    async def _judge(self, balancer: LoadBalancer) -> LoadBalancer:
        """Report in which state each target is."""
        there = await self._behind(balancer)
        seen = await self._look(balancer)

        def decide(current: LoadBalancer) -> None:
            for target_id, each in list(current.targets.items()):
                if target_id in there:
                    if there[target_id].is_gone:
                        current.release(target_id)
                    found = verdict(each, there[target_id], seen, current.delay(each))
                    current.report_target(target_id, found.state, found.reason, found.address, seen.at)

        return await self._cloud.report(LoadBalancer, balancer.id, _CAUSE, decide)

    async def _look(self, balancer: LoadBalancer) -> Seen:
        try:
            proxy = await self._proxies.look(balancer.public_id)
        except PortError:
            # Draining must end even so, by time.
            return Seen(None, self._now())
        return Seen(proxy.servers if proxy is not None else {}, self._now())

    async def _behind(self, balancer: LoadBalancer) -> Mapping[str, Behind]:
        ids = {
            each.spec.instance_id for each in balancer.targets.values() if each.spec.instance_id is not None
        }
        found = await asyncio.gather(*(self._instance(balancer, id_) for id_ in ids))
        instances = dict(zip(ids, found, strict=True))
        return {
            target_id: behind(each, instances.get(each.spec.instance_id or ""))
            for target_id, each in balancer.targets.items()
        }

    async def _instance(self, balancer: LoadBalancer, instance_id: str) -> Instance | None:
        try:
            return await self._cloud.load(Instance, balancer.account_id, instance_id)
        except NotFound:
            return None

    async def _follow_selectors(self, balancer: LoadBalancer) -> LoadBalancer:
        """Have every instance with the tags of a selector as a target, and no other by that selector."""
        if not balancer.selectors and not any(each.spec.selector for each in balancer.targets.values()):
            return balancer
        range_ = cidr((await self._cloud.load(Vpc, balancer.account_id, balancer.vpc_id)).cidr)
        wanted = {spec.id: spec for spec in await self._selected(balancer)}

        def decide(current: LoadBalancer) -> None:
            for target in list(current.targets.values()):
                if target.spec.selector is not None and target.spec.id not in wanted:
                    current.release(target.spec.id)
            for spec in wanted.values():
                known = current.targets.get(spec.id)
                # What somebody registered by hand stays as they wanted it.
                if known is None or known.is_leaving or known.spec.selector is not None:
                    current.register(spec, range_)

        return await self._cloud.report(LoadBalancer, balancer.id, _CAUSE, decide)

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
            key = await self._cloud.ports.store.secret(UUID(certificate.key_id))
            if key is not None:
                found[name] = certificate.pem.encode() + key
        return found

    def _now(self) -> datetime:
        return self._cloud.ports.clock.now()


def _has(instance: Instance, tags: Mapping[str, str]) -> bool:
    return tags.items() <= instance.tags.items()


def _again_s(balancer: LoadBalancer) -> float | None:
    states = {target.state for target in balancer.targets.values()}
    if "draining" in states:
        return _DRAINING_S
    if "initial" in states:
        return _INITIAL_S
    return _SELECTING_S if balancer.selectors else None
