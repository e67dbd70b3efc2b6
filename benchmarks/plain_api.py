"""What miniaws is compared to: the least that FastAPI can do with a body, and the least that keeps it."""

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import orjson
from fastapi import FastAPI, Request
from psycopg_pool import AsyncConnectionPool

from miniaws.commands.instance import LaunchInstance

INSERT = "INSERT INTO plain (id, document) VALUES (%s, %s)"


@asynccontextmanager
async def _connected(app: FastAPI) -> AsyncGenerator[None]:
    url = os.environ["PLAIN_DATABASE_URL"]
    async with AsyncConnectionPool(url, min_size=8, max_size=16, kwargs={"autocommit": True}) as pool:
        async with pool.connection() as connection:
            await connection.execute(
                "CREATE TABLE IF NOT EXISTS plain (id uuid PRIMARY KEY, document jsonb NOT NULL)"
            )
        app.state.pool = pool
        yield


app = FastAPI(lifespan=_connected)


@app.post("/nothing")
async def nothing(body: dict[str, Any]) -> dict[str, Any]:
    """Read the body and answer with it."""
    return body


@app.post("/insert", status_code=201)
async def insert(request: Request, body: LaunchInstance) -> dict[str, Any]:
    """Check the body, keep it in one row, answer with its id."""
    id_ = uuid4()
    async with request.app.state.pool.connection() as connection:
        await connection.execute(INSERT, (id_, orjson.dumps(body.model_dump()).decode()))
    return {"id": str(id_), **body.model_dump()}
