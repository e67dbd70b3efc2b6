"""A service as an instance."""

import shlex
from pathlib import Path
from typing import Any

from domain.instance_type import INSTANCE_TYPES
from miniaws.cli.compose import sizes
from miniaws.cli.compose.environment import environment
from miniaws.cli.compose.mounts import Volumes
from miniaws.cli.compose.ports import ports
from miniaws.cli.compose.section import Section
from miniaws.cli.compose.source import Node
from miniaws.cli.compose.variables import looks_secret

_CAPABILITIES = {"AUDIT_WRITE", "IPC_LOCK", "MKNOD", "NET_RAW", "SETFCAP", "SYS_PTRACE"}
_RESTART = {"no": "never", "always": "always", "unless-stopped": "always"}
_TAG_CHARACTERS = set("_.:/=+@-")
_SMALLEST = "micro"
"""The type of a service without limits: the default of a launch."""
REASONS = {
    "build": "instances run images: build it, and give its name as `image`",
    "depends_on": "instances start in any order; a program that ends is started again under `restart`",
    "entrypoint": "the entry point of the image is kept; `command` gives its arguments",
    "healthcheck": "load balancers and scaling groups check health: see the guide `Balance requests over instances`",
    "logging": "output is kept by the engine: `cloud instance logs`",
    "profiles": "every service is carried over: remove those that you do not want",
    "secrets": "give the value in `environment`, or as `user_data`, by reference",
    "configs": "put the file into the image, or into a volume",
    "container_name": "an instance has the name of its service",
    "hostname": "an instance has its name as host name",
    "privileged": "instances are never privileged",
    "network_mode": "instances have an address of their own in a VPC",
    "pid": "instances have processes of their own",
    "devices": "instances have no devices of the host",
    "extra_hosts": "the names in a VPC are those of its instances and servers",
    "links": "instances of a VPC reach each other by name",
    "pull_policy": "an image that is not on the host is pulled",
    "platform": "instances run on the platform of the host",
    "develop": "it is for building",
    "extends": "write the keys of the other service into this one first",
    "user": "the user of the image is kept",
    "working_dir": "the folder of the image is kept",
    "read_only": "an instance can write its own files",
    "tmpfs": "an instance can write its own files",
    "stdin_open": "programs have no standard input",
    "tty": "programs have no terminal",
    "cap_drop": "programs have few capabilities already; `capabilities` adds some",
}


def instance(service: Section, folder: Path, vpc: str | None, volumes: Volumes) -> dict[str, Any] | None:
    """Return the body of a launch, without name and tags; None if there is no image."""
    image = service.text("image")
    values = environment(service, folder)
    spec: dict[str, Any] = {
        "image": image,
        "type": _type(service),
        "command": _command(service),
        "env": values,
        "ports": ports(service),
        "vpc": vpc,
        "volumes": volumes.of(service),
        "restart": _restart(service),
        **_process(service),
    }
    service.close(REASONS)
    if image is None:
        service.lose("image", service.node, "an instance needs an image: the whole service is left out")
        return None
    return {key: value for key, value in spec.items() if value not in (None, [], {})}


def tags(service: Section) -> dict[str, str]:
    """Take the labels that can be tags."""
    found: dict[str, str] = {}
    for key, node in service.pairs("labels").items():
        value = service.resolved(f"labels.{key}", node) if node.content is not None else ""
        if value is None:
            continue
        if is_tag(key, value):
            found[key] = value
        else:
            service.lose(
                f"labels.{key}", node, "a tag has a key of up to 128 plain characters, and a value of 256"
            )
    return found


def is_tag(key: str, value: str) -> bool:
    """Return whether a label can be a tag."""
    is_plain = all(each.isalnum() or each in _TAG_CHARACTERS for each in key)
    return 1 <= len(key) <= 128 and is_plain and len(value) <= 256


def _command(service: Section) -> list[str]:
    found = service.take("command")
    if found is None:
        return []
    words = _words(service, found)
    if any(looks_secret(word, word) for word in words):
        service.say(
            "command", found, "it may contain a secret, and is in the manifest: use `environment` instead"
        )
    return words


def _words(service: Section, command: Node) -> list[str]:
    if command.text is None:
        resolved = (service.resolved("command", each) for each in command.elements)
        return [text for text in resolved if text is not None]
    try:
        return shlex.split(service.resolved("command", command) or "")
    except ValueError as error:
        service.lose("command", command, f"it cannot be divided into words: {error}")
        return []


def _restart(service: Section) -> str:
    """Return the policy. By default, Compose starts a program once."""
    found = service.take("restart")
    text = None if found is None else service.resolved("restart", found)
    if found is None or text is None:
        return "never"
    name, _, attempts = text.partition(":")
    if attempts:
        service.say("restart", found, "the number of attempts is not limited")
    return "on-failure" if name == "on-failure" else _RESTART.get(name, "always")


def _process(service: Section) -> dict[str, Any]:
    init, signal = service.text("init"), service.take("stop_signal")
    added = service.take("cap_add")
    capabilities = (
        [] if added is None else [(each.text or "").removeprefix("CAP_") for each in added.elements]
    )
    if added is not None and (unknown := sorted(set(capabilities) - _CAPABILITIES)):
        service.lose("cap_add", added, f"{', '.join(unknown)}: instances cannot have it")
    return {
        "capabilities": [each for each in capabilities if each in _CAPABILITIES],
        "stop_grace_s": service.parsed("stop_grace_period", sizes.seconds),
        "stop_signal": None if signal is None else signal.text,
        "init": None if init is None else init == "true",
    }


def limits(service: Section) -> tuple[float | None, int | None]:
    """Take the cores and the MiB that a service may use, in either form."""
    cpus, memory = service.parsed("cpus", sizes.cores), service.parsed("mem_limit", sizes.megabytes)
    service.take("mem_reservation")
    service.take("memswap_limit")
    if deploy := service.section("deploy"):
        if replicas := deploy.take("replicas"):
            deploy.lose(
                "replicas", replicas, "this is one instance; a scaling group (`cloud asg`) has several"
            )
        if (resources := deploy.section("resources")) and (limit := resources.section("limits")):
            cpus = limit.parsed("cpus", sizes.cores) or cpus
            memory = limit.parsed("memory", sizes.megabytes) or memory
            limit.close()
            resources.close({"reservations": "an instance has what its type says"})
        deploy.close()
    return (
        cpus if isinstance(cpus, float) else None,
        memory if isinstance(memory, int) else None,
    )


def _type(service: Section) -> str:
    """Return the smallest type with the limits of a service."""
    cpus, memory_mb = limits(service)
    if cpus is None and memory_mb is None:
        return _SMALLEST
    fitting = (
        each.name
        for each in INSTANCE_TYPES.values()
        if each.cpus >= (cpus or 0) and each.memory_mb >= (memory_mb or 0)
    )
    if found := next(fitting, None):
        return found
    largest = list(INSTANCE_TYPES)[-1]
    service.say("deploy", service.node, f"the largest type, {largest}, is smaller than its limits")
    return largest
