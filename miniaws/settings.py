"""Settings, read once, from environment variables."""

import os
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from domain import values
from domain.errors import Invalid
from miniaws.environment import DATA_DIR, HOST, PORT, client_url

ROLES = ("postgres", "mariadb", "redis", "rabbitmq", "nats", "haproxy", "restic")
"""Programs that run in containers, and whose image can be built locally."""
_OFFICIAL_ONLY = {"valkey"}
"""Programs without a local build."""

_OF_THE_COMMAND = {"url_override", "api_key"}
"""Settings of the CLI, which processes of the control plane do not need."""
_HOST_NAME = r"(\*|(\*\.)?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*)"


class Settings(BaseSettings):
    """The configuration of an installation. Each field is the variable ``MINIAWS_<NAME>``."""

    model_config = SettingsConfigDict(
        env_prefix="MINIAWS_", frozen=True, extra="ignore", populate_by_name=True
    )

    data_dir: Path = Field(default=Path(DATA_DIR), description="directory for all files of the cloud")
    cloud: str = Field(
        default="miniaws",
        pattern=r"^[a-z][a-z0-9-]{0,20}$",
        description="name of this cloud, used in labels and names; separates several clouds on one host",
    )
    host: str = Field(default=HOST, description="address the API listens on")
    port: int = Field(default=PORT, ge=1, le=65535, description="port the API listens on")
    allowed_hosts: str = Field(
        default="",
        pattern=rf"^\s*({_HOST_NAME}(\s*,\s*{_HOST_NAME})*)?\s*$",
        description="comma-separated host names that requests may use in addition to `MINIAWS_HOST`, localhost and "
        "IP addresses; `*.example.com` allows all subdomains, `*` allows any name",
    )
    workers: int = Field(default=1, ge=1, le=32, description="number of API processes")
    database_url: SecretStr | None = Field(
        default=None, description="URL of your own Postgres; unset: the embedded one"
    )
    postgres_port: int = Field(default=5433, ge=1, le=65535, description="port of the embedded Postgres")
    engine: Literal["docker", "memory"] = Field(
        default="docker", description="container engine; `memory` simulates one, for tests"
    )
    docker_host: str = Field(
        default="unix:///var/run/docker.sock", description="address of the Docker engine"
    )
    image_source: Literal["auto", "official", "local"] = Field(
        default="auto",
        description="images for databases, caches, queues, load balancers and snapshots: `official` from a registry, "
        "`local` built on this machine, or `auto`: official if available, else local",
    )
    image_postgres: str = Field(default="postgres:16", description="official image of Postgres")
    image_mariadb: str = Field(default="mariadb:11.4", description="official image of MariaDB")
    image_redis: str = Field(default="redis:7", description="official image of Redis")
    image_valkey: str = Field(
        default="valkey/valkey:8", description="official image of Valkey; there is no local build"
    )
    image_rabbitmq: str = Field(
        default="rabbitmq:3-management", description="official image of RabbitMQ, with its management plugin"
    )
    image_nats: str = Field(default="nats:2", description="official image of NATS")
    image_haproxy: str = Field(default="haproxy:3.2", description="official image of HAProxy")
    image_restic: str = Field(default="restic/restic:0.18.0", description="official image of restic")
    publish_address: str = Field(default="127.0.0.1", description="host address on which ports are published")
    vpc_pool: str = Field(
        default="10.201.0.0/16",
        description="private range, /8 to /24, from which VPCs without a CIDR get a /24",
    )
    url_override: str | None = Field(
        default=None,
        validation_alias="MINIAWS_URL",
        description="URL of the API for the CLI; unset: from the profile",
    )
    api_key: SecretStr | None = Field(
        default=None, description="API key for the CLI; unset: from the profile"
    )
    rate_limit: float = Field(
        default=100,
        gt=0,
        description="sustained requests per second and key; all API processes of a host share the limit",
    )
    rate_burst: int = Field(default=500, ge=1, description="requests per key in one burst")
    failed_auth_per_minute: int = Field(
        default=60,
        ge=1,
        description="wrong keys, sessions and tickets allowed per minute and address; more are refused before anything "
        "is read",
    )
    metrics_public: bool = Field(
        default=False,
        description="serve `/metrics`, for all accounts, without a key to programs on this machine, but not through "
        "a proxy",
    )
    max_body_kb: int = Field(default=1024, ge=1, description="maximum size of a request body, in KiB")
    resync_s: float = Field(default=30, gt=0, description="seconds between full resyncs")
    orphan_hold_s: float = Field(default=300, ge=0, description="seconds before an orphan is removed")
    trash_hours: float = Field(
        default=72,
        ge=0,
        le=24 * 366,
        description="hours for which deleted instances, volumes, databases, caches and queues are kept in the trash; "
        "0: they are removed at once",
    )
    trash_min_free_gb: float = Field(
        default=5,
        ge=0,
        description="GiB to keep free on the file system of the container engine: when there is less, the oldest "
        "resources in the trash are purged first; 0: no limit",
    )
    plan_step_s: float | None = Field(
        default=None,
        gt=0,
        description="seconds after which a step of a plan fails if its resource has not settled; unset: 15 minutes, "
        "and 6 hours for what copies data or replaces instances, such as restores and refreshes",
    )
    snapshot_pause_s: float = Field(
        default=60,
        gt=0,
        le=300,
        description="maximum number of seconds for which a snapshot may pause containers",
    )
    copy_targets: Path | None = Field(
        default=None,
        description="file with the copy targets of snapshots, mode 0600; "
        "unset: `copy-targets.toml` in the data directory",
    )
    concurrency: int = Field(default=4, ge=1, le=64, description="resources reconciled in parallel")
    metrics_second_hours: int = Field(
        default=2, ge=1, le=48, description="hours to retain metrics per second"
    )
    metrics_minute_days: int = Field(
        default=14, ge=1, le=366, description="days to retain metrics per minute"
    )
    metrics_hour_days: int = Field(default=400, ge=30, le=3660, description="days to retain metrics per hour")
    heartbeat_s: float = Field(default=15, gt=0, description="seconds between heartbeats of a live stream")
    session_hours: float = Field(
        default=12, gt=0, le=720, description="hours for which a browser stays signed in"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="minimum severity of log lines"
    )
    log_format: Literal["json", "text"] = Field(default="json", description="format of log lines")

    @field_validator("vpc_pool")
    @classmethod
    def _check_vpc_pool(cls, text: str) -> str:
        try:
            return str(values.pool(text, "vpc_pool"))
        except Invalid as error:
            raise ValueError(str(error).removeprefix("`vpc_pool` ")) from None

    @property
    def home(self) -> Path:
        """The data directory as an absolute path."""
        return self.data_dir.expanduser().absolute()

    @property
    def url(self) -> str:
        """The URL of the API for a client on this host."""
        return client_url(self.host, self.port)

    @property
    def credentials(self) -> Path:
        """The profile with the first admin key, mode 0600."""
        return self.home / "credentials"

    @property
    def copy_targets_file(self) -> Path:
        """The file of copy targets; it may not exist."""
        if self.copy_targets is None:
            return self.home / "copy-targets.toml"
        return self.copy_targets.expanduser().absolute()

    def images(self, role: str) -> tuple[str, ...]:
        """Return the possible images of a program such as ``redis``, the preferred one first."""
        official, local = str(getattr(self, f"image_{role}")), f"miniaws/{role}:local"
        if role in _OFFICIAL_ONLY:
            return (official,)
        return {"official": (official,), "local": (local,), "auto": (official, local)}[self.image_source]

    def environment(self, **more: str) -> dict[str, str]:
        """Return the environment for a child process: this process's, these settings, and ``more``."""
        ours = {
            f"MINIAWS_{name.upper()}": value.get_secret_value()
            if isinstance(value, SecretStr)
            else str(value)
            for name, value in self
            if name in self.model_fields_set - _OF_THE_COMMAND and value is not None
        }
        return {**os.environ, **ours, **more}  # noqa: TID251 (the only place)
