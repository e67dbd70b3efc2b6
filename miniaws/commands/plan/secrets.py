"""The secrets of a plan: they are sealed with it, and erased when it ends. No event and no document holds one.

A secret in a manifest is compared with the one that there is. In the options and the steps of the plan, a marker stands
for it: that it stays as it is, or that it has a new value.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from domain.aggregate import Aggregate
from domain.errors import SecretMissing
from domain.instance import Instance
from domain.load_balancer import LoadBalancer
from domain.plan import Estate, Identity, Plan, Resource, Step
from domain.plan.secrets import USE_PREVIOUS_VALUE, is_unchanged
from domain.scaling_group import ScalingGroup
from domain.values import must, parse_id
from miniaws.application import Cloud

Nested = dict[str, Any]
NEW_VALUE: Mapping[str, Any] = {"new_value": True}
"""Stands for a secret value that is sealed with the plan."""
OTHER_VALUE: Mapping[str, Any] = {"other_value": True}
"""Stands for a secret value that is another one than that of the past."""
_EVERY = "*"
_EMPTY: tuple[Any, ...] = ("", None)
_PLACES: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "instance": (("env", _EVERY), ("user_data",)),
    "scaling_group": (("template", "env", _EVERY),),
    "load_balancer": (("certificates", _EVERY, "private_key"),),
}
"""Where the specs of a kind hold secrets."""


def extract(resource: Resource, kept: Nested, field: str) -> tuple[Resource, Nested]:
    """Return a resource of a manifest with markers in place of its secrets, and those that are new.

    ``kept`` are the secrets of the resource as it is. Raises Invalid when one should stay that there is not; ``field``
    says where the resource is in the request.
    """
    spec: Nested = orjson.loads(orjson.dumps(dict(resource.spec)))
    new: Nested = {}
    _keep_certificates(spec, kept)
    for place in _PLACES.get(resource.kind, ()):
        _extract(spec, kept, new, place, field)
    return Resource(
        resource.kind, resource.name, spec, resource.tags, resource.running, resource.identity
    ), new


def complete(body: Mapping[str, Any], kept: Mapping[str, Any], new: Mapping[str, Any]) -> Nested:
    """Return the body of a step with secrets in place of the markers."""
    return {name: _completed(value, kept.get(name), new.get(name)) for name, value in body.items()}


def holds_kept(body: Mapping[str, Any]) -> bool:
    """Return whether a body holds a secret that stays as it is."""
    return any(
        is_unchanged(value) or (isinstance(value, Mapping) and holds_kept(value)) for value in body.values()
    )


async def of_resource(cloud: Cloud, identity: Identity) -> Nested:
    """Return the secrets of a resource at a version, in the form of its spec. Raises SecretMissing."""
    parsed = parse_id(identity.id)
    found: Nested = {}
    if parsed is not None:
        for place in await _places(cloud, parsed[1], identity.version):
            if place.public is not None:
                _put(found, place.path, place.public)
            elif place.sealed_id is not None:
                value = await cloud.secret(place.sealed_id, f"`{place.path[-1]}` of {identity.id}")
                _put(found, place.path, orjson.loads(value) if place.is_json else value.decode())
    return found


async def marked(cloud: Cloud, desired: Estate, current: Estate) -> Estate:
    """Return the current estate with a marker for each secret of an instance that differs from the desired one.

    Two instances of one name may have the same names of secrets with other values. What was erased is not compared.
    """
    found = dict(current)
    for key, now in current.items():
        then = desired.get(key)
        if key.kind != Instance.KIND or then is None or _id(then) in {None, _id(now)}:
            continue
        values = [await _known(cloud, each) for each in (then, now)]
        if None not in values and values[0] != values[1]:
            found[key] = replace(now, spec=_differing(now.spec, values[0], values[1]))
    return found


async def of_step(cloud: Cloud, plan: Plan, step: Step) -> Nested:
    """Return the body of a step, with its secrets. Raises SecretMissing."""
    copied = await _opened(cloud, plan.copied_id, f"the secrets that plan {plan.name} copies")
    sealed = await _opened(cloud, plan.sealed_id, f"the secrets of the manifest of plan {plan.name}")
    kept, new = copied.get(step.id, {}), sealed.get(label(step.key.kind, step.key.name), {})
    if step.command == "upload_certificate":
        name = step.body["name"]
        kept, new = (each.get("certificates", {}).get(name, {}) for each in (kept, new))
    return complete(step.body, kept, new)


def label(kind: str, name: str) -> str:
    """Return how the secrets of a resource are found among those of a manifest."""
    return f"{kind}/{name}"


async def _opened(cloud: Cloud, secret_id: str | None, name: str) -> Nested:
    return {} if secret_id is None else orjson.loads(await cloud.secret(secret_id, name))


def _extract(node: Nested, kept: Any, new: Nested, place: tuple[str, ...], field: str) -> None:
    first, *rest = place
    for name in [each for each in list(node) if first in {_EVERY, each}]:
        known = kept.get(name) if isinstance(kept, Mapping) else None
        if not rest:
            node[name] = _marked(node[name], known, new, name, f"{field}.{name}")
        elif isinstance(node[name], dict):
            inner: Nested = {}
            _extract(node[name], known, inner, tuple(rest), f"{field}.{name}")
            new.update({name: inner} if inner else {})


def _marked(value: Any, known: Any, new: Nested, name: str, field: str) -> Any:
    """Return the marker for a secret, and add it to the new ones if it is new."""
    if is_unchanged(value) and known is None:
        raise must(field, "be given", why=f"there is no value of `{name}` to keep")
    if is_unchanged(value) or value in _EMPTY:
        return value
    if value == known:
        return dict(USE_PREVIOUS_VALUE)
    new[name] = value
    return dict(NEW_VALUE)


def _id(resource: Resource) -> str | None:
    return resource.identity and resource.identity.id


async def _known(cloud: Cloud, resource: Resource) -> Nested | None:
    """Return the secrets of a resource, None when they have been erased."""
    try:
        return {} if resource.identity is None else await of_resource(cloud, resource.identity)
    except SecretMissing:
        return None


def _differing(spec: Mapping[str, Any], then: Any, now: Any) -> Nested:
    return {name: _other(value, _member(then, name), _member(now, name)) for name, value in spec.items()}


def _other(value: Any, then: Any, now: Any) -> Any:
    if is_unchanged(value):
        return value if then == now else dict(OTHER_VALUE)
    return _differing(value, then, now) if isinstance(value, Mapping) else value


def _member(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, Mapping) else None


def _keep_certificates(spec: Nested, kept: Nested) -> None:
    """Mark the certificates that a load balancer has; each belongs to the private key that it was uploaded with."""
    given: Nested = spec.get("certificates") or {}
    for name, each in given.items():
        known: Nested = kept.get("certificates", {}).get(name, {})
        if not is_unchanged(each) and _lines(each.get("certificate")) == _lines(known.get("certificate")):
            given[name] = dict(USE_PREVIOUS_VALUE)


def _lines(pem: Any) -> list[str]:
    return str(pem).split()


def _completed(value: Any, kept: Any, new: Any) -> Any:
    if is_unchanged(value):
        return kept
    if value == NEW_VALUE:
        return new
    if isinstance(value, Mapping):
        return complete(
            value, kept if isinstance(kept, Mapping) else {}, new if isinstance(new, Mapping) else {}
        )
    return value


class _Place(NamedTuple):
    """Where the spec of a resource has a secret, and where that is sealed."""

    path: tuple[str, ...]
    sealed_id: str | None
    is_json: bool = False
    public: str | None = None
    """A value that is no secret, and belongs to one."""


async def _places(cloud: Cloud, resource_id: UUID, version: int) -> list[_Place]:
    """Return where the secrets of a resource are sealed, as it was at a version."""
    current = await cloud.ports.store.load(resource_id)
    if current is None or current.version <= version:
        return _sealed(current)
    found: list[_Place] = []

    def visit(before: Aggregate | None, _: object) -> None:
        if before is not None and before.version == version:
            found.extend(_sealed(before))

    await cloud.ports.store.walk(resource_id, visit)
    return found


def _sealed(resource: Aggregate | None) -> list[_Place]:
    match resource:
        case Instance():
            return [
                _Place(("env",), resource.environment_id, is_json=True),
                _Place(("user_data",), resource.user_data_id),
            ]
        case ScalingGroup():
            return [_Place(("template", "env"), resource.template.environment_id, is_json=True)]
        case LoadBalancer():
            return [
                place
                for name, each in resource.certificates.items()
                for place in (
                    _Place(("certificates", name, "certificate"), None, public=each.pem),
                    _Place(("certificates", name, "private_key"), each.key_id),
                )
            ]
        case _:
            return []


def _put(into: Nested, path: tuple[str, ...], value: Any) -> None:
    *outer, name = path
    for each in outer:
        into = into.setdefault(each, {})
    into[name] = value
