"""From the desired proxy to the configuration of HAProxy. Pure.

Every target group has two backends: one that checks its targets, and one that does not, which is used while no
target of the first is healthy (fail open). Draining is not part of the configuration: it is set at run time.
"""

import hashlib
from collections.abc import Iterator, Sequence

from domain.load_balancer.proxy import Backend, ProxySpec, Server
from domain.load_balancer.spec import HealthCheck, Listener, Rule

DIRECTORY = "/run/miniaws"
"""Directory of the configuration and the sockets, in the container."""
CERTIFICATES = "/etc/miniaws/certificates"
_ALGORITHMS = {
    "round-robin": ["balance roundrobin"],
    "least-connections": ["balance leastconn"],
    # Adding or removing a target moves few clients to another one.
    "source": ["balance source", "hash-type consistent"],
}
_EVERY_ADDRESS = frozenset({"", "*", "0.0.0.0", "::"})  # noqa: S104 - compared with, never bound
_FASTEST_S = 1.0
"""Interval of health checks while the state of a target is changing; never longer than the interval."""


def render(spec: ProxySpec, address: str, *, owner: int, with_servers: bool = True) -> str:
    """Return the configuration. ``owner`` may use the sockets; HAProxy listens on ``address``."""
    lines = [*_globals(spec, owner), *_defaults(spec)]
    for listener in spec.listeners:
        lines += ["", *_frontend(spec, listener, address)]
    for backend in spec.backends:
        lines += ["", *_backend(spec, backend, with_servers=with_servers, checked=True)]
        lines += ["", *_backend(spec, backend, with_servers=with_servers, checked=False)]
    return "\n".join(lines) + "\n"


def structure(spec: ProxySpec, address: str, owner: int) -> str:
    """Return a digest of everything that only a reload can change: all but the servers."""
    digest = hashlib.sha256(render(spec, address, owner=owner, with_servers=False).encode())
    for name, pem in sorted(spec.certificates.items()):
        digest.update(name.encode() + b"\0" + hashlib.sha256(pem).digest())
    return digest.hexdigest()[:32]


def described(text: str, digest: str) -> str:
    """Return the configuration with its digest, which the running process then reports."""
    return text.replace("global\n", f"global\n    description {digest}\n", 1)


def checked_backend(group: str) -> str:
    """Return the name of the backend that checks a group's targets."""
    return f"group-{group}"


def open_backend(group: str) -> str:
    """Return the name of the backend that is used while no target of the group is healthy."""
    return f"open-{group}"


def check_options(backend: Backend) -> str:
    """Return the check options of a server, for the configuration and for servers added at run time."""
    check = backend.group.health_check
    fast = min(check.interval_s, _FASTEST_S)
    return (
        f"check inter {_ms(check.interval_s)} fastinter {_ms(fast)} downinter {_ms(check.interval_s)} "
        f"rise {check.rise} fall {check.fall}"
    )


def limits(backend: Backend) -> str:
    """Return the connection limits of a server, and how long idle connections to it stay open.

    Always explicit: a server added at run time would otherwise use a new connection for each request.
    """
    most = f" maxconn {backend.group.max_connections}" if backend.group.max_connections else ""
    return f" pool-purge-delay 5s pool-max-conn -1{most}"


def cookie_key(spec: ProxySpec, backend: Backend) -> str:
    """Return the key of a sticky group's cookies; they contain no secret, only a server."""
    return hashlib.sha256(f"{spec.resource_id}/{backend.group.name}".encode()).hexdigest()[:32]


def certificate_path(name: str) -> str:
    """Return the path of a certificate in the container."""
    return f"{CERTIFICATES}/{name}.pem"


def _globals(spec: ProxySpec, owner: int) -> Iterator[str]:
    longest = max((backend.group.deregistration_delay_s for backend in spec.backends), default=0)
    yield "global"
    yield f"    stats socket {DIRECTORY}/admin.sock mode 600 uid {owner} level admin expose-fd listeners"
    yield "    stats timeout 30s"
    # Requests of an old process after a reload get as much time as those of a draining target.
    yield f"    hard-stop-after {max(longest, spec.timeouts.server_s, spec.timeouts.keep_alive_s) + 5:g}s"
    # Otherwise two load balancers could silently share a port.
    yield "    noreuseport"
    yield f"    server-state-file {DIRECTORY}/state"
    yield "    ssl-default-bind-options ssl-min-ver TLSv1.2"
    yield "    uid 99"
    yield "    gid 99"


def _defaults(spec: ProxySpec) -> Iterator[str]:
    wait = spec.timeouts
    yield "defaults"
    yield "    load-server-state-from-file global"
    yield f"    timeout connect {_ms(wait.connect_s)}"
    yield f"    timeout client {_ms(wait.client_s)}"
    yield f"    timeout server {_ms(wait.server_s)}"
    yield f"    timeout queue {_ms(wait.queue_s)}"
    yield f"    timeout http-keep-alive {_ms(wait.keep_alive_s)}"
    yield f"    timeout http-request {_ms(wait.client_s)}"
    yield f"    timeout tunnel {_ms(max(wait.client_s, wait.server_s))}"
    if spec.address is not None:
        # Also of health checks, so that security groups see who connects.
        yield f"    source {spec.address}"
    yield "    retries 3"
    yield "    option redispatch 1"
    yield ""
    # A process without any listener would not run.
    yield "frontend idle"
    yield "    mode http"
    yield f"    bind unix@{DIRECTORY}/idle.sock mode 600"


def _frontend(spec: ProxySpec, listener: Listener, address: str) -> Iterator[str]:
    yield f"frontend listen-{listener.port}"
    yield f"    mode {listener.mode}"
    tls = ""
    if listener.protocol == "https":
        files = " ".join(f"crt {certificate_path(name)}" for name in listener.certificates)
        tls = f" ssl {files} alpn h2,http/1.1"
    yield f"    bind {address}:{listener.port}{tls}"
    if spec.address is not None:
        yield from _inside(spec.address, spec.network, listener.port, tls, is_bound=address in _EVERY_ADDRESS)
    if listener.max_connections:
        yield f"    maxconn {listener.max_connections}"
    if listener.mode == "http":
        # After a reload, an idle connection is closed with the next answer, never under a request on its way.
        yield "    option idle-close-on-response"
        yield "    option forwardfor"
        yield f"    http-request set-header X-Forwarded-Proto {listener.protocol}"
        yield f"    http-request set-header X-Forwarded-Port {listener.port}"
    for rule in listener.rules:
        yield from _route(rule.target_group, _condition(rule))
    yield from _route(listener.target_group, "")


def _inside(address: str, network: str | None, port: int, tls: str, *, is_bound: bool) -> Iterator[str]:
    """Listen on an address in the VPC, for clients in the VPC only: a host forwards between its own addresses."""
    if not is_bound:
        # Transparent: it starts even if the host does not have the address yet.
        yield f"    bind {address}:{port} transparent{tls}"
    if network is not None:
        yield f"    tcp-request connection reject if {{ dst {address} }} !{{ src {network} }}"


def _route(group: str, condition: str) -> Iterator[str]:
    yield f"    use_backend {open_backend(group)} if {condition}{{ nbsrv({checked_backend(group)}) eq 0 }}"
    if condition:
        yield f"    use_backend {checked_backend(group)} if {condition}".rstrip()
    else:
        yield f"    default_backend {checked_backend(group)}"


def _condition(rule: Rule) -> str:
    found = ""
    if rule.host is not None:
        how, host = ("end", rule.host[1:]) if rule.host.startswith("*.") else ("str", rule.host)
        found += f"{{ req.hdr(host),field(1,:),lower -m {how} {host} }} "
    if rule.path is not None:
        how, path = ("beg", rule.path[:-1]) if rule.path.endswith("*") else ("str", rule.path)
        found += f"{{ path -m {how} {_quoted(path)} }} "
    return found


def _backend(spec: ProxySpec, backend: Backend, *, with_servers: bool, checked: bool) -> Iterator[str]:
    group = backend.group
    yield f"backend {checked_backend(group.name) if checked else open_backend(group.name)}"
    yield f"    mode {backend.mode}"
    yield from (f"    {line}" for line in _ALGORITHMS[group.algorithm])
    if backend.mode == "http":
        yield "    retry-on conn-failure empty-response"
        # Only idempotent requests are retried.
        yield "    http-request disable-l7-retry unless { method GET HEAD OPTIONS }"
        if group.sticky:
            yield f"    cookie miniaws-{group.name} insert indirect nocache httponly dynamic"
            yield f"    dynamic-cookie-key {cookie_key(spec, backend)}"
    if checked:
        yield from _check(group.health_check)
    if with_servers:
        yield from _servers(backend, checked=checked)


def _check(check: HealthCheck) -> Iterator[str]:
    yield f"    timeout check {_ms(check.timeout_s)}"
    if check.protocol == "http":
        yield "    option httpchk"
        yield f"    http-check send meth GET uri {_quoted(check.path)} ver HTTP/1.1 hdr Host health.miniaws"
        yield f"    http-check expect status {check.codes}"


def _servers(backend: Backend, *, checked: bool) -> Iterator[str]:
    for server in serving(backend.servers):
        checks = f" {check_options(backend)}" if checked else ""
        where = f"{server.address}:{server.port}"
        yield f"    server {server.name} {where} weight {server.weight}{checks}{limits(backend)}"


def serving(servers: Sequence[Server]) -> list[Server]:
    """Return the servers that receive new requests."""
    return [server for server in servers if not server.rests]


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _ms(seconds: float) -> str:
    return f"{round(seconds * 1000)}ms"
