"""A browser that signs in, and direct access to the database."""

from typing import Any, LiteralString, Self

import httpx
import psycopg

from tests.http.conftest import Api


def run(api: Api, statement: LiteralString) -> None:
    """Change the database directly."""
    assert api.settings.database_url is not None
    with psycopg.connect(api.settings.database_url.get_secret_value()) as connection:
        connection.execute(statement)


class Browser:
    """A signed-in page: it stores the token of its session, and never a key."""

    def __init__(self, api: Api) -> None:
        self.origin = api.settings.url
        self.http = httpx.AsyncClient(base_url=api.settings.url, timeout=30, trust_env=False)
        self.token = ""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.aclose()

    async def sign_in(self, body: dict[str, Any]) -> httpx.Response:
        headers = {"Origin": self.origin, "Sec-Fetch-Site": "same-origin"}
        answer = await self.http.post("/api/session", json=body, headers=headers)
        if answer.is_success:
            self.token = answer.json()["token"]
            self.http.headers["Authorization"] = self.authorization
        return answer

    @property
    def authorization(self) -> str:
        return f"Bearer {self.token}"

    async def ticket(self) -> str:
        """Issue a ticket by this session."""
        answer = await self.http.post("/api/session/tickets")
        assert answer.status_code == 201, answer.text
        return answer.json()["ticket"]

    async def is_signed_in(self) -> bool:
        answer = await self.http.get("/api/session")
        assert answer.status_code in {200, 401}
        return answer.status_code == 200
