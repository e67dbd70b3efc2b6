"""The documents of a manifest: what each describes is checked as the body of the command that creates it.

A secret may be given as ``{"use_previous_value": true}``: it stays as it is. References are names.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Literal, Self, cast

from pydantic import Field, ValidationError, ValidationInfo, create_model, field_validator, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from domain import values
from domain.errors import Invalid
from domain.plan import Key
from domain.plan.estate import IN_VPC, is_always_there, key_of
from domain.plan.secrets import USE_PREVIOUS_VALUE, is_unchanged
from miniaws.commands.body import Body, Tags
from miniaws.commands.cache import CreateCache
from miniaws.commands.database import CreateDatabase
from miniaws.commands.instance import LaunchInstance
from miniaws.commands.load_balancer import CreateLoadBalancer
from miniaws.commands.queue import CreateQueue
from miniaws.commands.scaling_group import CreateScalingGroup
from miniaws.commands.security_group import CreateSecurityGroup
from miniaws.commands.subnet import CreateSubnet
from miniaws.commands.volume import CreateVolume
from miniaws.commands.vpc import CreateVpc

Path = tuple[str | int, ...]
KindName = Literal[
    "vpc",
    "subnet",
    "security_group",
    "volume",
    "database",
    "cache",
    "queue",
    "instance",
    "load_balancer",
    "scaling_group",
]
EVERY = "*"
_BESIDE = {"name", "tags", "address"}
"""Fields of a body that are beside the spec in a manifest, or in no manifest: which address it is says nothing."""
_STARTED = {"instance", "database", "cache", "queue"}
"""Kinds that are started and stopped."""


def _spec(model: type[Body]) -> type[Body]:
    """Return a body without name and tags."""
    fields: Any = {
        name: (field.annotation, field) for name, field in model.model_fields.items() if name not in _BESIDE
    }
    return create_model(f"{model.__name__}Spec", __base__=Body, __doc__=model.__doc__, **fields)


SPECS: Mapping[str, type[Body]] = {
    "vpc": _spec(CreateVpc),
    "subnet": _spec(CreateSubnet),
    "security_group": _spec(CreateSecurityGroup),
    "volume": _spec(CreateVolume),
    "database": _spec(CreateDatabase),
    "cache": _spec(CreateCache),
    "queue": _spec(CreateQueue),
    "instance": _spec(LaunchInstance),
    "load_balancer": _spec(CreateLoadBalancer),
    "scaling_group": _spec(CreateScalingGroup),
}
"""What a spec of each kind is checked against."""

SECRETS: Mapping[str, tuple[Path, ...]] = {
    "instance": (("env", EVERY), ("user_data",)),
    "scaling_group": (("template", "env", EVERY),),
    "load_balancer": (("certificates", EVERY), ("certificates", EVERY, "private_key")),
}
"""Where the specs of a kind hold secrets."""

_REFERENCES: Mapping[Path, str | None] = {
    ("vpc",): "vpc",
    ("subnet",): "subnet",
    ("security_groups", EVERY): "security_group",
    ("ingress", EVERY, "group"): "security_group",
    ("egress", EVERY, "group"): "security_group",
    # A volume that a server was given is a part of it since, and no resource of the estate.
    ("volume",): None,
    ("replica_of",): "database",
    ("volumes", EVERY, "volume"): "volume",
    ("template", "vpc"): "vpc",
    ("template", "subnet"): "subnet",
    ("template", "security_groups", EVERY): "security_group",
    ("load_balancers", EVERY, "load_balancer"): "load_balancer",
    ("targets", EVERY, "instance"): "instance",
}
"""Where specs refer to other resources, and of which kind; None for one that may be gone."""


class ManifestResource(Body):
    """A resource as a manifest describes it."""

    kind: KindName = Field(title="Kind", description="kind of the resource")
    name: str = Field(title="Name", description="name of the resource", examples=["web-1"])
    tags: Tags = Field(default={})
    running: bool = Field(
        default=True, title="Running", description="false: it is stopped; for what can be started and stopped"
    )
    spec: dict[str, Any] = Field(
        default={},
        title="Specification",
        repr=False,
        validate_default=True,
        description="the body that creates it, without name and tags; references are names",
    )

    @field_validator("name")
    @classmethod
    def _check_name(cls, name: str) -> str:
        return _checked(values.name, name)

    @field_validator("tags")
    @classmethod
    def _check_tags(cls, tags: dict[str, str]) -> dict[str, str]:
        return _checked(values.tags, tags)

    @field_validator("spec")
    @classmethod
    def _check_spec(cls, spec: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        # A kind that is unknown was refused already, and there is nothing to check against.
        kind = info.data.get("kind")
        return spec if kind is None else completed(kind, spec)

    @model_validator(mode="after")
    def _refuse_to_stop(self) -> Self:
        if not self.running and self.kind not in _STARTED:
            raise _error(("running",), f"must be left out: a {self.kind} is neither started nor stopped")
        return self

    @property
    def should_run(self) -> bool | None:
        """Whether it should run; None for a kind that is not started and stopped."""
        return self.running if self.kind in _STARTED else None


def completed(kind: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return a spec with its defaults. Raises ValidationError."""
    given, kept = (
        dict(spec),
        [
            path
            for place in SECRETS.get(kind, ())
            for path, value in _found(spec, place)
            if is_unchanged(value)
        ],
    )
    for path in kept:
        is_certificate = path[0] == "certificates" and len(path) == 2
        given = _with(given, path, {"certificate": "", "private_key": ""} if is_certificate else "")
    found = SPECS[kind].model_validate(given).model_dump(by_alias=True, mode="json")
    for path, key in references(found):
        if key is not None and values.parse_id(key.name.partition(".")[0]) is not None:
            raise _error(path, "must be the name of a resource in a manifest, not its id")
    for path in kept:
        found = _with(found, path, dict(USE_PREVIOUS_VALUE))
    return found


def references(spec: Mapping[str, Any]) -> Iterator[tuple[Path, Key | None]]:
    """Yield where a spec refers to other resources, and to which; None for one that may be gone."""
    for place, kind in _REFERENCES.items():
        inside = spec.get("template") if place[0] == "template" else spec
        vpc = inside.get("vpc") if isinstance(inside, dict) else None
        for path, name in _found(spec, place):
            if isinstance(name, str):
                yield path, None if kind is None else key_of(kind, name, vpc)


def refuse_unknown_references(resource: ManifestResource, known: Collection[Key]) -> None:
    """Raise Invalid unless all that a resource refers to is known."""
    for path, key in references(resource.spec):
        if key is not None and key not in known and not (key.kind in IN_VPC and is_always_there(key)):
            raise Invalid(
                f"cannot find {key.kind.replace('_', ' ')} {values.shown(key.name)}, to which {resource.kind} "
                f"{resource.name} refers: describe it in the manifest, too, or use another one",
                field=".".join(map(str, path)),
            )


def _checked(check: Any, value: Any) -> Any:
    try:
        return check(value)
    except Invalid as error:
        raise PydanticCustomError(
            "invalid", "{why}", {"why": str(error).removeprefix(f"`{error.field}` ")}
        ) from None


def _error(path: Path, why: str) -> ValidationError:
    details = InitErrorDetails(
        type=PydanticCustomError("manifest", "{why}", {"why": why}), loc=path, input=None
    )
    return ValidationError.from_exception_data("manifest", [details])


def _found(node: Any, place: Path, *before: str | int) -> Iterator[tuple[Path, Any]]:
    """Yield the paths and values of a spec that a place names."""
    if not place:
        yield before, node
        return
    first, *rest = place
    entries: Iterator[tuple[str | int, Any]] = iter(())
    if isinstance(node, dict):
        entries = iter(cast("dict[str, Any]", node).items())
    elif isinstance(node, list):
        entries = iter(enumerate(cast("list[Any]", node)))
    for name, value in entries:
        if first in {EVERY, name}:
            yield from _found(value, tuple(rest), *before, name)


def _with(node: Any, path: Path, value: Any) -> Any:
    """Return a copy of a spec with another value at a path that it has."""
    if not path:
        return value
    first, *rest = path
    return {**node, first: _with(node[first], tuple(rest), value)}
