"""A cloud on a real socket, and clients of AWS for it: boto3 as it comes from the package index."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import boto3
import pytest
from botocore.config import Config
from pydantic import SecretStr

from miniaws.settings import Settings
from tests.conftest import free_port
from tests.http.conftest import Api, serving

T = TypeVar("T")


@dataclass(frozen=True)
class Credentials:
    """What a client signs with."""

    access_key_id: str
    secret: str = field(repr=False)


@dataclass
class Aws:
    """A running cloud, as AWS clients see it."""

    api: Api
    credentials: Credentials

    def client(
        self, service: str, credentials: Credentials | None = None, at: str = "", region: str = "us-east-1"
    ) -> Any:
        """Return a client of boto3. It blocks: call it with ``call``."""
        used = credentials or self.credentials
        make: Any = boto3.client
        return make(
            service,
            endpoint_url=f"{self.api.settings.url}{f'/at/{at}' if at else ''}",
            region_name=region,
            aws_access_key_id=used.access_key_id,
            aws_secret_access_key=used.secret,
            config=Config(retries={"mode": "standard", "max_attempts": 1}, proxies={}),
        )

    async def credentials_of(self, key: str) -> Credentials:
        """Return what a key signs with."""
        answer = await self.api.http.get("/api/aws-credentials", headers={"Authorization": key})
        found = answer.raise_for_status().json()
        return Credentials(found["access_key_id"], found["secret_access_key"])


async def call(function: Callable[..., T], **arguments: Any) -> T:
    """Call a client that blocks."""
    return await asyncio.to_thread(function, **arguments)


@asynccontextmanager
async def aws_serving(settings: Settings) -> AsyncGenerator[Aws]:
    """A cloud, and what its first admin signs with."""
    async with serving(settings) as api:
        aws = Aws(api, Credentials("", ""))
        aws.credentials = await aws.credentials_of(api.key)
        yield aws


@pytest.fixture
async def aws(prepared_url: str, tmp_path: Path) -> AsyncGenerator[Aws]:
    """A running cloud without effective rate limits."""
    settings = Settings(
        data_dir=tmp_path,
        database_url=SecretStr(prepared_url),
        port=free_port(),
        engine="memory",
        rate_limit=100_000,
        rate_burst=100_000,
        heartbeat_s=0.3,
    )
    async with aws_serving(settings) as found:
        yield found
