"""What the routes of all managed servers share: bodies, and how a connection is shown."""

from typing import Any

import orjson
from pydantic import Field
from starlette.responses import Response

from domain.server.spec import LEAST_CPUS, MOST_CPUS
from miniaws.commands.server import Connection
from miniaws.http.writing import Body


class CreateServer(Body):
    """What may be asked of every server."""

    name: str = Field(examples=["sessions"])
    version: str | None = Field(default=None, description="left out: the newest")
    cpus: float = Field(default=1.0, ge=LEAST_CPUS, le=MOST_CPUS, description="cores it may use")
    vpc: str = Field(default="default", description="id or name")
    publish: int | None = Field(
        default=None, ge=1, le=65535, description="a port of the host that leads to it; left out: private"
    )
    storage_gb: int | None = Field(
        default=None,
        ge=1,
        description="a real limit of its volume, in GiB; left out: as much as the disk holds",
    )
    volume: str | None = Field(
        default=None,
        description="an unattached volume with the files of such a server, e.g. restored from a snapshot; it goes "
        "with the new server",
    )
    tls: bool = Field(
        default=False,
        description="speak TLS and nothing else; the connection has the certificate of the authority to trust",
    )
    deletion_protection: bool = Field(default=False, description="refuse to delete it")
    tags: dict[str, str] = Field(default={}, examples=[{"env": "test"}])


class ChangeServer(Body):
    """What of every server can change."""

    cpus: float | None = Field(default=None, ge=LEAST_CPUS, le=MOST_CPUS)
    deletion_protection: bool | None = None
    tags: dict[str, str] | None = None


def shown_connection(found: Connection, scheme: str, path: str = "", **more: Any) -> Response:
    """Answer with how to connect; the answer holds the password, so nothing may keep it."""
    body = {
        "engine": found.server.engine,
        "status": found.server.status,
        "url": found.url(scheme, found.here, path),
        "host": found.here.host,
        "port": found.here.port,
        "username": found.username,
        "password": found.password,
        "private_url": found.url(scheme, found.inside, path),
        "private_host": found.inside.host,
        "private_port": found.inside.port,
        **({} if found.authority is None else {"ca_certificate": found.authority}),
        **more,
    }
    return secret_json(body)


def secret_json(body: dict[str, Any]) -> Response:
    """Answer with JSON that no cache may keep."""
    headers = {"Cache-Control": "no-store"}
    return Response(orjson.dumps(body), headers=headers, media_type="application/json")
