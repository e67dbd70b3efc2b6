"""What may be requested of an instance."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args
from uuid import UUID

from domain import image_reference, values
from domain.errors import within
from domain.instance.process import ProcessOptions
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
            if number is not None:
                values.between(number, 1, 65535, field_name)


@dataclass(frozen=True, slots=True)
class VolumeSpec:
    """A volume and where the program finds it."""

    volume_id: str
    path: str


@dataclass(frozen=True, slots=True)
class LaunchSpec:
    """An instance as it is requested, with ids in place of names."""

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
    process: ProcessOptions = field(default_factory=ProcessOptions)

    def check(self) -> None:
        """Raise Invalid for the first thing that can never be right."""
        values.name(self.name)
        image_reference.parse_reference(self.image)
        instance_type(self.type)
        values.tags(self.tags)
        values.one_of(self.restart, get_args(RestartPolicy), "restart")
        self.process.check()
        self._check_program()
        self._check_user_data()
        self._check_ports()
        self._check_volumes()

    def _check_volumes(self) -> None:
        paths: list[str] = []
        for index, volume in enumerate(self.volumes):
            with within("volumes", index):
                paths.append(values.mount_path(volume.path))
        values.distinct(paths, "paths", "volumes")
        values.distinct([v.volume_id for v in self.volumes], "names", "volumes")

    def _check_program(self) -> None:
        if len(self.command) > MAX_ARGUMENTS or any("\0" in argument for argument in self.command):
            raise values.must("command", f"have at most {MAX_ARGUMENTS} arguments, without NUL characters")
        values.at_most(len(self.environment), MAX_ENVIRONMENT, "variables", "env")
        for name, value in self.environment.items():
            values.environment_name(name)
            if "\0" in value:
                raise values.must("env", f"have no NUL character in the value of {values.shown(name)}")

    def _check_user_data(self) -> None:
        values.at_most(len(self.user_data.encode()), MAX_USER_DATA, "bytes", "user_data")
        if self.user_data.startswith(_RUN_ELSEWHERE):
            raise values.must(
                "user_data",
                "not be a script",
                why="it is only written to a file; remove its first line, and let the command run the file, e.g. "
                f'["sh", "{USER_DATA_PATH}"]',
            )

    def _check_ports(self) -> None:
        for index, port in enumerate(self.ports):
            with within("ports", index):
                port.check()
        values.distinct([str(p.port) for p in self.ports], "ports", "ports")
        values.distinct([str(p.publish) for p in self.ports if p.publish], "host ports", "ports")
