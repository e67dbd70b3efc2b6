"""What may be asked of an instance."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args
from uuid import UUID

from domain import values
from domain.errors import Invalid
from domain.instance_type import instance_type

RestartPolicy = Literal["always", "on-failure", "never"]
MAX_ARGUMENTS = 100
MAX_ENVIRONMENT = 200
MAX_USER_DATA = 16 * 1024
"""Bytes, in UTF-8."""
USER_DATA_PATH = "/var/lib/cloud/instance/user-data.txt"
_RUN_ELSEWHERE = ("#!", "#cloud-", "#include", "#part-handler")
"""What user data begins with that other clouds run, or follow, at the first start."""


@dataclass(frozen=True, slots=True)
class PortSpec:
    """A port of the program; published on the host when ``publish`` says where."""

    port: int
    publish: int | None = None

    def check(self) -> None:
        """Raise Invalid when a number is no port."""
        for number, field_name in ((self.port, "port"), (self.publish, "publish")):
            if number is not None and not 1 <= number <= 65535:
                raise Invalid(f"cannot use {number} as a port: use 1 to 65535", field=f"ports.{field_name}")


@dataclass(frozen=True, slots=True)
class VolumeSpec:
    """A volume and where the program finds it."""

    volume_id: str
    path: str


@dataclass(frozen=True, slots=True)
class LaunchSpec:
    """An instance as it is asked for, with ids in place of names."""

    account_id: str
    name: str
    image: str
    type: str
    vpc_id: UUID
    vpc_public_id: str
    vpc_name: str
    restart: RestartPolicy = "always"
    command: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    environment_id: UUID | None = None
    """Under which id the values of the environment are sealed."""
    user_data: str = field(default="", repr=False)
    user_data_id: UUID | None = None
    """As above."""
    ports: Sequence[PortSpec] = ()
    volumes: Sequence[VolumeSpec] = ()
    tags: Mapping[str, str] = field(default_factory=dict[str, str])

    def check(self) -> None:
        """Raise Invalid for the first thing that can never be right."""
        values.name(self.name)
        values.image(self.image)
        instance_type(self.type)
        values.tags(self.tags)
        if self.restart not in get_args(RestartPolicy):
            known = ", ".join(get_args(RestartPolicy))
            raise Invalid(
                f"cannot use {values.shown(self.restart)} as a restart policy: use one of {known}",
                field="restart",
            )
        self._check_program()
        self._check_user_data()
        self._check_ports()
        paths = [values.mount_path(volume.path) for volume in self.volumes]
        _refuse_doubles(paths, "volumes", "mount two volumes at {}")
        _refuse_doubles([v.volume_id for v in self.volumes], "volumes", "attach {} twice")

    def _check_program(self) -> None:
        if len(self.command) > MAX_ARGUMENTS or any("\0" in argument for argument in self.command):
            raise Invalid(f"cannot use the command: give at most {MAX_ARGUMENTS} arguments", field="command")
        if len(self.environment) > MAX_ENVIRONMENT:
            raise Invalid(
                f"cannot set {len(self.environment)} variables: use at most {MAX_ENVIRONMENT}", field="env"
            )
        for name, value in self.environment.items():
            values.environment_name(name)
            if "\0" in value:
                raise Invalid(f"cannot set {name}: a value holds no NUL character", field="env")

    def _check_user_data(self) -> None:
        size = len(self.user_data.encode())
        if size > MAX_USER_DATA:
            raise Invalid(
                f"cannot keep {size} bytes of user data: give at most {MAX_USER_DATA}", field="user_data"
            )
        if self.user_data.startswith(_RUN_ELSEWHERE):
            raise Invalid(
                "cannot run user data: it is put into a file, and nothing follows it; leave its first line out, and "
                f'let the command run it, e.g. ["sh", "{USER_DATA_PATH}"]',
                field="user_data",
            )

    def _check_ports(self) -> None:
        for port in self.ports:
            port.check()
        _refuse_doubles([str(p.port) for p in self.ports], "ports", "list port {} twice")
        _refuse_doubles([str(p.publish) for p in self.ports if p.publish], "ports", "publish {} twice")


def _refuse_doubles(items: Sequence[str], field_name: str, what: str) -> None:
    for index, item in enumerate(items):
        if item in items[:index]:
            raise Invalid(f"cannot {what.format(values.shown(item))}: name it once", field=field_name)
