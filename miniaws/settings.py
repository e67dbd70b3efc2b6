"""Settings, read once, from the environment."""

import os
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

ROLES = ("postgres", "mariadb", "redis", "rabbitmq", "nats", "haproxy", "restic")
"""The parts of the cloud that run in containers, and have an image that is built here."""
_OFFICIAL_ONLY = {"valkey"}
"""Parts without such an image."""

_OF_THE_COMMAND = {"url_override", "api_key"}
"""Nothing that a part of the control plane needs."""


class Settings(BaseSettings):
    """Everything that differs between two installations. Each field is the variable ``MINIAWS_<NAME>``."""

    model_config = SettingsConfigDict(
        env_prefix="MINIAWS_", frozen=True, extra="ignore", populate_by_name=True
    )

    data_dir: Path = Field(default=Path("~/.miniaws"), description="everything of ours on disk")
    cloud: str = Field(
        default="miniaws",
        pattern=r"^[a-z][a-z0-9-]{0,20}$",
        description="keeps several clouds on one host apart, in labels and names",
    )
    host: str = Field(default="127.0.0.1", description="address the API listens on")
    port: int = Field(default=8080, ge=1, le=65535, description="port the API listens on")
    workers: int = Field(default=1, ge=1, le=32, description="API processes")
    database_url: SecretStr | None = Field(
        default=None, description="a Postgres of your own; unset: the embedded one"
    )
    postgres_port: int = Field(default=5433, ge=1, le=65535, description="port of the embedded Postgres")
    engine: Literal["docker", "memory"] = Field(
        default="docker", description="what runs containers; memory pretends, for tests"
    )
    docker_host: str = Field(
        default="unix:///var/run/docker.sock", description="where the Docker engine answers"
    )
    image_source: Literal["auto", "official", "local"] = Field(
        default="auto", description="which images the cloud's own parts run on"
    )
    image_postgres: str = Field(default="postgres:16", description="official image of Postgres")
    image_mariadb: str = Field(default="mariadb:11.4", description="official image of MariaDB")
    image_redis: str = Field(default="redis:7", description="official image of Redis")
    image_valkey: str = Field(
        default="valkey/valkey:8", description="official image of Valkey; no local one takes its place"
    )
    image_rabbitmq: str = Field(
        default="rabbitmq:3-management", description="official image of RabbitMQ, with its management plugin"
    )
    image_nats: str = Field(default="nats:2", description="official image of NATS")
    image_haproxy: str = Field(default="haproxy:3.2", description="official image of HAProxy")
    image_restic: str = Field(default="restic/restic:0.18.0", description="official image of restic")
    publish_address: str = Field(default="127.0.0.1", description="host address that published ports bind to")
    vpc_pool: str = Field(
        default="10.201.0.0/16", description="range that VPCs without a CIDR get their /24 from"
    )
    url_override: str | None = Field(
        default=None,
        validation_alias="MINIAWS_URL",
        description="the cloud that the command speaks to; unset: the one of the profile",
    )
    api_key: SecretStr | None = Field(
        default=None, description="the key the command signs in with; unset: the one of the profile"
    )
    rate_limit: float = Field(
        default=100, gt=0, description="requests a second and key, sustained, per API process"
    )
    rate_burst: int = Field(default=500, ge=1, description="requests a key may make at once")
    max_body_kb: int = Field(default=1024, ge=1, description="largest request body, in KiB")
    resync_s: float = Field(default=30, gt=0, description="seconds between two full comparisons")
    orphan_hold_s: float = Field(
        default=300, ge=0, description="seconds before an unknown thing with our labels is removed"
    )
    snapshot_pause_s: float = Field(
        default=60, gt=0, le=300, description="longest pause of containers while a snapshot is taken"
    )
    copy_targets: Path | None = Field(
        default=None,
        description="file of mode 0600 with the places that snapshots can be copied to; "
        "unset: `copy-targets.toml` in the data directory",
    )
    concurrency: int = Field(default=4, ge=1, le=64, description="resources reconciled at once")
    metrics_second_hours: int = Field(
        default=2, ge=1, le=48, description="hours that a point a second is kept"
    )
    metrics_minute_days: int = Field(
        default=14, ge=1, le=366, description="days that a point a minute is kept"
    )
    metrics_hour_days: int = Field(
        default=400, ge=30, le=3660, description="days that a point an hour is kept"
    )
    heartbeat_s: float = Field(
        default=15, gt=0, description="seconds between two heartbeats of a live stream"
    )
    session_hours: float = Field(default=12, gt=0, le=720, description="hours a browser stays signed in")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="least severe log line"
    )
    log_format: Literal["json", "text"] = Field(default="json", description="how log lines look")

    @property
    def home(self) -> Path:
        """The data directory as an absolute path."""
        return self.data_dir.expanduser().absolute()

    @property
    def url(self) -> str:
        """Where the API answers, as a client on this host writes it."""
        host = "127.0.0.1" if self.host in {"0.0.0.0", "::"} else self.host  # noqa: S104
        return f"http://{host}:{self.port}"

    @property
    def credentials(self) -> Path:
        """The profile with the first admin key, mode 0600."""
        return self.home / "credentials"

    @property
    def copy_targets_file(self) -> Path:
        """The file that names where snapshots can be copied to; it need not be there."""
        if self.copy_targets is None:
            return self.home / "copy-targets.toml"
        return self.copy_targets.expanduser().absolute()

    def images(self, role: str) -> tuple[str, ...]:
        """Return the images that may play a role such as ``redis``, the preferred one first."""
        official, local = str(getattr(self, f"image_{role}")), f"miniaws/{role}:local"
        if role in _OFFICIAL_ONLY:
            return (official,)
        return {"official": (official,), "local": (local,), "auto": (official, local)}[self.image_source]

    def environment(self, **more: str) -> dict[str, str]:
        """Return the environment for a program of ours: this process's, these settings, and ``more``."""
        ours = {
            f"MINIAWS_{name.upper()}": value.get_secret_value()
            if isinstance(value, SecretStr)
            else str(value)
            for name, value in self
            if name in self.model_fields_set - _OF_THE_COMMAND and value is not None
        }
        return {**os.environ, **ours, **more}  # noqa: TID251 (this is the one place)


def variable(name: str) -> str | None:
    """Return a variable of the caller's own, for ``cloud instance launch --env NAME``."""
    return os.environ.get(name)  # noqa: TID251 (as above)
