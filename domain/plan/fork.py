"""The desired estate of a fork: copies of resources under other names, in VPCs of their own.

References lead to the copies. Ports of the host are free of the fork unless they are mapped to others. A copy has the
tag ``miniaws:fork``, and is not protected from deletion.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from domain.plan.estate import DEFAULT, IN_VPC, Estate, Key, Resource, estate

FORK_TAG = "miniaws:fork"
"""The tag that names the fork on each of its resources."""
_LONGEST = 63
CHOSEN_PREFIX = 24
"""The length of the prefix of a range that is chosen for a VPC."""
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
    # What is in a VPC keeps its name: the VPC is another one.
    names = {
        key: each.name if key.kind in IN_VPC else name if key == only else _named(key.name, suffix)
        for key, each in found.items()
    }
    copying = _Copying(names, name, publish, found)
    copied = [(copying.copy(each), each) for each in found.values()]
    return Fork(estate(copy for copy, _ in copied), {copy.key: each for copy, each in copied})


def _with_default_vpc(originals: Estate) -> Estate:
    """Return the estate with the default VPC if it is used: an estate may lack it."""
    used = {each.spec.get("vpc") or each.spec.get("template", {}).get("vpc") for each in originals.values()}
    if _DEFAULT_VPC.name not in used or _DEFAULT_VPC in originals:
        return originals
    return {_DEFAULT_VPC: Resource("vpc", _DEFAULT_VPC.name, {"cidr": None}), **originals}


def _named(name: str, suffix: str) -> str:
    return f"{name[: _LONGEST - len(suffix) - 1].rstrip('-')}-{suffix}"


def _prefix(cidr: str) -> int:
    return int(cidr.partition("/")[2])


class _Copying:
    """Rewrites resources to their copies."""

    def __init__(
        self, names: Mapping[Key, str], fork_name: str, publish: Mapping[int, int], originals: Estate
    ) -> None:
        self._names = names
        self._fork_name = fork_name
        self._publish = publish
        self._originals = originals

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
            spec={**spec, **self._rewritten(resource, spec)},
            tags={**resource.tags, **self._tag(resource)},
            identity=None,
        )

    def _tag(self, resource: Resource) -> dict[str, str]:
        """Return the tag of the fork; what each VPC is given is no copy."""
        is_given = resource.kind in IN_VPC and resource.name == DEFAULT
        return {} if is_given else {FORK_TAG: self._fork_name}

    def _rewritten(self, resource: Resource, spec: Mapping[str, Any]) -> dict[str, Any]:
        """Return the fields that are other ones in a copy, besides those of many kinds."""
        match resource.kind:
            case "vpc" | "subnet":
                return self._of_range(resource)
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

    def _of_range(self, resource: Resource) -> dict[str, Any]:
        """Return a range that is chosen in the VPC of the fork, of the same share of it."""
        cidr, vpc = resource.spec.get("cidr"), self._originals.get(Key("vpc", resource.spec.get("vpc", "")))
        whole = None if vpc is None else vpc.spec.get("cidr")
        if cidr is None or whole is None:
            return {"cidr": None}
        share = max(0, _prefix(cidr) - _prefix(whole))
        return {"cidr": None, "prefix": min(28, max(_prefix(cidr), CHOSEN_PREFIX + share))}

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
