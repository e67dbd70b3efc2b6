"""The desired estate of a fork: copies of resources under other names, in VPCs of their own.

References lead to the copies. Ports of the host are free of the fork unless they are mapped to others. A copy has the
tag ``miniaws:fork``, and is not protected from deletion.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from domain.plan.estate import Estate, Key, Resource, estate

FORK_TAG = "miniaws:fork"
"""The tag that names the fork on each of its resources."""
_LONGEST = 63
_DEFAULT_VPC = Key("vpc", "default")


@dataclass(frozen=True, slots=True)
class Fork:
    """Copies, and what they are copies of."""

    copies: Estate
    originals: Mapping[Key, Resource]
    """By the keys of the copies."""


def fork(originals: Estate, name: str, publish: Mapping[int, int]) -> Fork:
    """Return copies of an estate; ``publish`` maps ports of the host to those of the fork."""
    found = _with_default_vpc(originals)
    vpcs = [key for key in found if key.kind == "vpc"]
    # The only VPC gets the name of the fork: of "shop", "shop-debug" is the fork with the suffix "debug".
    only = vpcs[0] if len(vpcs) == 1 else None
    suffix = name if only is None else name.removeprefix(f"{only.name}-")
    names = {key: name if key == only else _named(key.name, suffix) for key in found}
    copying = _Copying(names, name, publish)
    copies = estate(copying.copy(each) for each in found.values())
    return Fork(copies, {Key(key.kind, names[key]): each for key, each in found.items()})


def _with_default_vpc(originals: Estate) -> Estate:
    """Return the estate with the default VPC if it is used: an estate may lack it."""
    used = {each.spec.get("vpc") or each.spec.get("template", {}).get("vpc") for each in originals.values()}
    if _DEFAULT_VPC.name not in used or _DEFAULT_VPC in originals:
        return originals
    return {_DEFAULT_VPC: Resource("vpc", _DEFAULT_VPC.name, {"cidr": None}), **originals}


def _named(name: str, suffix: str) -> str:
    return f"{name[: _LONGEST - len(suffix) - 1].rstrip('-')}-{suffix}"


class _Copying:
    """Rewrites resources to their copies."""

    def __init__(self, names: Mapping[Key, str], fork_name: str, publish: Mapping[int, int]) -> None:
        self._names = names
        self._fork_name = fork_name
        self._publish = publish

    def copy(self, resource: Resource) -> Resource:
        """Return the copy of a resource."""
        spec = dict(resource.spec)
        if "vpc" in spec:
            spec["vpc"] = self._name("vpc", spec["vpc"])
        if "publish" in spec:
            spec["publish"] = self._publish.get(spec["publish"])
        if "deletion_protection" in spec:
            spec["deletion_protection"] = False
        return replace(
            resource,
            name=self._names[resource.key],
            spec={**spec, **self._rewritten(resource.kind, spec)},
            tags={**resource.tags, FORK_TAG: self._fork_name},
            identity=None,
        )

    def _rewritten(self, kind: str, spec: Mapping[str, Any]) -> dict[str, Any]:
        """Return the fields that are other ones in a copy, besides those of many kinds."""
        match kind:
            case "vpc":
                return {"cidr": None}
            case "instance":
                return self._of_instance(spec)
            case "database":
                source = spec.get("replica_of")
                return {"replica_of": source and self._name("database", source)}
            case "load_balancer":
                return self._of_balancer(spec)
            case "scaling_group":
                return self._of_group(spec)
            case _:
                return {}

    def _of_instance(self, spec: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "ports": [
                {**each, "publish": self._publish.get(each.get("publish"))} for each in spec.get("ports", ())
            ],
            "volumes": [
                {**each, "volume": self._name("volume", each["volume"])} for each in spec.get("volumes", ())
            ],
        }

    def _of_balancer(self, spec: Mapping[str, Any]) -> dict[str, Any]:
        """Return its listeners on other ports, and its targets without addresses, which are of the other VPC."""
        return {
            "listeners": [
                {**each, "port": self._publish[each["port"]]}
                for each in spec.get("listeners", ())
                if each["port"] in self._publish
            ],
            "targets": [
                {**each, "instance": each["instance"] and self._name("instance", each["instance"])}
                for each in spec.get("targets", ())
                if each.get("address") is None
            ],
        }

    def _of_group(self, spec: Mapping[str, Any]) -> dict[str, Any]:
        template = spec["template"]
        return {
            "template": {**template, "vpc": self._name("vpc", template["vpc"])},
            "desired": spec.get("min"),
            "load_balancers": [
                {**each, "load_balancer": self._name("load_balancer", each["load_balancer"])}
                for each in spec.get("load_balancers", ())
            ],
        }

    def _name(self, kind: str, name: str) -> str:
        return self._names.get(Key(kind, name), name)
