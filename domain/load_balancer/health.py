"""From what is seen to the states of targets, and from those to the proxy that is wanted. Pure.

Invariant: a target that requests may be under way to is in service, and a target out of service is in no proxy that
follows ``planned``. Draining ends: by what is seen, or by time.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.instance import Instance
from domain.load_balancer.aggregate import LoadBalancer
from domain.load_balancer.proxy import Backend, ProxySpec, SeenServer, Server
from domain.load_balancer.spec import CheckProtocol
from domain.load_balancer.target import State, Target

FIRST_CHECK = "waits for its first check"
DRAINED = "nothing is in flight any more"


@dataclass(frozen=True, slots=True)
class Behind:
    """What is behind a target. ``ends`` says why it should get no new requests; without an address it runs not."""

    address: str | None
    ends: str | None = None
    is_gone: bool = False
    """For good: the target goes, too."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What the proxy said; ``servers`` is None when nobody could ask it."""

    servers: Mapping[str, SeenServer] | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Verdict:
    """In which state a target is, why, and where."""

    state: State
    reason: str | None
    address: str | None


def behind(target: Target, instance: Instance | None) -> Behind:
    """Return what is behind a target now."""
    if target.spec.address is not None:
        return Behind(target.spec.address)
    if instance is None or instance.status == "terminated":
        return Behind(None, "its instance is terminated", is_gone=True)
    if instance.wanted == "running" and instance.is_up and instance.address is not None:
        return Behind(instance.address)
    if instance.status in {"stopping", "terminating", "error"} or instance.reboots or instance.is_stopping:
        asked = {"stopped": "to stop", "terminated": "to terminate"}.get(instance.wanted, "to reboot")
        return Behind(instance.address, f"its instance was asked {asked}")
    return Behind(None, f"its instance is {instance.status}")


def verdict(target: Target, there: Behind, seen: Seen, delay: timedelta) -> Verdict:
    """Return in which state a target is; see the module's invariant."""
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


def planned(balancer: LoadBalancer, certificates: Mapping[str, bytes]) -> ProxySpec:
    """Return the proxy that the balancer should have."""
    modes: dict[str, CheckProtocol] = {
        name: listener.mode for listener in balancer.listeners for name in listener.groups()
    }
    servers: dict[str, list[Server]] = {group.name: [] for group in balancer.target_groups}
    for target in sorted(balancer.targets.values(), key=lambda each: each.spec.id):
        if target.is_in_service and target.address is not None:
            spec = target.spec
            rests = target.state == "draining"
            servers[spec.target_group].append(Server(spec.id, target.address, spec.port, spec.weight, rests))
    backends = [
        Backend(group, modes.get(group.name, "http"), tuple(servers[group.name]))
        for group in balancer.target_groups
    ]
    return ProxySpec(
        resource_id=balancer.public_id,
        account_id=balancer.account_id,
        name=balancer.name,
        listeners=balancer.listeners,
        backends=backends,
        timeouts=balancer.timeouts,
        certificates=certificates,
    )


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
