"""What every instance of a group is launched from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self
from uuid import UUID

from domain import values
from domain.errors import within
from domain.instance import LaunchSpec, PortSpec, ProcessOptions
from domain.instance.process import before_options
from domain.instance.spec import RestartPolicy
from domain.interface import GroupRef, groups_as_json, groups_of
from domain.ports import STOP_GRACE_S
from domain.security_group import SecurityGroup, default_group_id
from domain.subnet import DEFAULT, Subnet, default_subnet_id

OWNED_TAG = "miniaws:scaling-group"
"""The tag that names the group on each of its instances."""


@dataclass(frozen=True, slots=True)
class Template:
    """An instance as it is requested, without a name. The values of its environment are sealed elsewhere."""

    image: str
    vpc_id: str
    vpc_name: str
    type: str = "micro"
    restart: RestartPolicy = "always"
    command: Sequence[str] = ()
    environment_names: Sequence[str] = ()
    environment_id: str | None = None
    ports: Sequence[int] = ()
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    init: bool = True
    capabilities: Sequence[str] = ()
    stop_grace_s: int = STOP_GRACE_S
    stop_signal: str | None = None
    subnet_id: str = ""
    subnet_name: str = ""
    security_groups: Sequence[GroupRef] = ()

    @property
    def process(self) -> ProcessOptions:
        """How the program of each instance is run."""
        return ProcessOptions(self.init, self.capabilities, self.stop_grace_s, self.stop_signal)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Return a template as events hold it."""
        return replace(cls(**stored), security_groups=groups_of(stored["security_groups"]))

    def as_json(self) -> dict[str, Any]:
        """Return what events hold."""
        return {
            "image": self.image,
            "vpc_id": self.vpc_id,
            "vpc_name": self.vpc_name,
            "type": self.type,
            "restart": self.restart,
            "command": list(self.command),
            "environment_names": list(self.environment_names),
            "environment_id": self.environment_id,
            "ports": list(self.ports),
            "tags": dict(self.tags),
            **self.process.as_json(),
            "subnet_id": self.subnet_id,
            "subnet_name": self.subnet_name,
            "security_groups": groups_as_json(self.security_groups),
        }

    def check(self, environment: Mapping[str, str]) -> None:
        """Raise Invalid for the first thing that can never be right."""
        with within("template"):
            if OWNED_TAG in self.tags:
                raise values.must(
                    "tags", f"not have `{OWNED_TAG}`", why="each instance gets it with the id of its group"
                )
            self.spec("account", "web-1", "asg", environment, None).check()

    def spec(
        self,
        account_id: str,
        name: str,
        group_id: str,
        environment: Mapping[str, str],
        environment_id: UUID | None,
    ) -> LaunchSpec:
        """Return the instance to request."""
        parsed = values.parse_id(self.vpc_id)
        assert parsed is not None  # noqa: S101 - the id of a VPC that was found
        return LaunchSpec(
            account_id=account_id,
            name=name,
            image=self.image,
            type=self.type,
            vpc_id=parsed[1],
            vpc_public_id=self.vpc_id,
            vpc_name=self.vpc_name,
            restart=self.restart,
            command=self.command,
            environment=environment,
            environment_id=environment_id,
            ports=[PortSpec(port) for port in self.ports],
            tags={**self.tags, OWNED_TAG: group_id},
            process=self.process,
        )


def upcast(payload: dict[str, Any]) -> None:
    """Add to the template of an event how programs were run before there were options."""
    payload["template"] = {**payload["template"], **before_options()}


def upcast_interface(payload: dict[str, Any]) -> None:
    """Add to the template of an event the default subnet and security group of its VPC: there were no others."""
    template: dict[str, Any] = payload["template"]
    parsed = values.parse_id(template["vpc_id"])
    assert parsed is not None  # noqa: S101 - the id of a VPC that was found
    group = GroupRef(values.public_id(SecurityGroup.PREFIX, default_group_id(parsed[1])), DEFAULT)
    payload["template"] = {
        **template,
        "subnet_id": values.public_id(Subnet.PREFIX, default_subnet_id(parsed[1])),
        "subnet_name": DEFAULT,
        "security_groups": groups_as_json([group]),
    }
