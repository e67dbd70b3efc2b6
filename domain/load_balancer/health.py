"""Derives the states of targets from the observed proxy, and the desired proxy from the states. Pure.

Nothing outside the balancer's VPC gets requests or health checks, whatever is stored.

Invariant: a target that requests may be under way to is in service, and a target out of service is in no proxy that
``planned`` returns. Draining ends: when nothing is in flight, or after the deregistration delay.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.instance import Instance
from domain.load_balancer.aggregate import LoadBalancer
from domain.load_balancer.proxy import Backend, ProxySpec, SeenServer, Server
from domain.load_balancer.spec import CheckProtocol
from domain.load_balancer.target import State, Target
from domain.status import GONE
from domain.vpc import Vpc

FIRST_CHECK = "waits for its first check"
DRAINED = "nothing is in flight any more"


@dataclass(frozen=True, slots=True)
class TargetAddress:
    """Where a target answers; None when it does not run. ``ends`` says why it should get no new requests."""

    address: str | None
    ends: str | None = None
    is_gone: bool = False
    """Its instance is terminated: the target is taken out."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What the proxy reported; ``servers`` is None when it could not be asked."""

    servers: Mapping[str, SeenServer] | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Verdict:
    """The state of a target, the reason, and its address."""

    state: State
    reason: str | None
    address: str | None


def address_of(target: Target, instance: Instance | None, vpc: Vpc) -> TargetAddress:
    """Return where a target answers now; no address when the host must not connect to it."""
    found = _found(target, instance)
    if found.address is not None and (reason := vpc.why_unreachable(found.address)):
        return TargetAddress(None, f"cannot forward to {found.address}: {reason}")
    return found


def _found(target: Target, instance: Instance | None) -> TargetAddress:
    if target.spec.address is not None:
        return TargetAddress(target.spec.address)
    if instance is None or instance.status in GONE:
        return TargetAddress(None, "its instance is terminated", is_gone=True)
    if instance.wanted == "running" and instance.is_up and instance.address is not None:
        return TargetAddress(instance.address)
    if (
        instance.status in {"stopping", "terminating", "error"}
        or instance.run.reboots
        or instance.run.is_stopping
    ):
        asked = {"stopped": "to stop", "terminated": "to terminate"}.get(instance.wanted, "to reboot")
        return TargetAddress(instance.address, f"its instance was asked {asked}")
    return TargetAddress(None, f"its instance is {instance.status}")


def verdict(target: Target, there: TargetAddress, seen: Seen, delay: timedelta) -> Verdict:
    """Return the state of a target; see the module's invariant."""
    server = seen.servers.get(target.spec.id) if seen.servers is not None else None
    ends = "it was taken out" if target.is_leaving else there.ends
    if there.address is None:
        return Verdict("unused", there.ends, None)
    if ends is not None:
        return _ending(target, there.address, ends, server, seen, delay)
    if target.state in {"unused", "draining"} or target.address != there.address:
        return Verdict("initial", FIRST_CHECK, there.address)
    if server is not None and server.state == "up":
        return Verdict("healthy", None, there.address)
    if server is not None and server.state == "down":
        return Verdict("unhealthy", server.reason, there.address)
    return Verdict(target.state, target.reason, there.address)


def planned(balancer: LoadBalancer, certificates: Mapping[str, bytes], vpc: Vpc) -> ProxySpec:
    """Return the proxy that the balancer should have."""
    modes: dict[str, CheckProtocol] = {
        name: listener.mode for listener in balancer.listeners for name in listener.groups()
    }
    servers: dict[str, list[Server]] = {group.name: [] for group in balancer.target_groups}
    for target in sorted(balancer.targets.values(), key=lambda each: each.spec.id):
        if target.is_in_service and target.address is not None and not vpc.why_unreachable(target.address):
            spec = target.spec
            rests = target.state == "draining"
            servers[spec.target_group].append(Server(spec.id, target.address, spec.port, spec.weight, rests))
    backends = [
        Backend(group, modes.get(group.name, "http"), tuple(servers[group.name]))
        for group in balancer.target_groups
    ]
    address = inside(balancer, vpc)
    return ProxySpec(
        resource_id=balancer.public_id,
        account_id=balancer.account_id,
        name=balancer.name,
        listeners=balancer.listeners,
        backends=backends,
        timeouts=balancer.timeouts,
        certificates=certificates,
        address=address,
        network=vpc.cidr if address is not None else None,
    )


def inside(balancer: LoadBalancer, vpc: Vpc) -> str | None:
    """Return the address of a balancer in its VPC, None while the host cannot have it there."""
    interface = balancer.interface
    if interface is None or vpc.why_unreachable(interface.address):
        return None
    return interface.address


def _ending(
    target: Target, address: str, why: str, server: SeenServer | None, seen: Seen, delay: timedelta
) -> Verdict:
    if target.state == "unused" or target.since is None:
        return Verdict("unused", why, None)
    if target.state != "draining":
        return Verdict("draining", why, address)
    in_flight = server.in_flight if server is not None else 0
    rests = server is None or server.state == "resting"
    if seen.servers is not None and rests and not in_flight:
        return Verdict("unused", DRAINED, None)
    if seen.at >= target.since + delay:
        return Verdict("unused", f"cut off after {delay.total_seconds():g} s, {in_flight} in flight", None)
    return Verdict("draining", target.reason, address)
