"""Whatever fits the API's own description, and whatever does not, is answered without an internal error."""

import asyncio
from typing import Any

import schemathesis
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from schemathesis.checks import not_a_server_error

from tests.http.conftest import Api

EXAMPLES = 15
ENDLESS = {"/api/dashboard/stream"}


async def test_no_request_makes_the_api_fail(api: Api) -> None:
    tried = await asyncio.to_thread(fuzz, f"http://127.0.0.1:{api.settings.port}", api.key)
    assert tried > 30


def fuzz(url: str, key: str) -> int:
    """Send requests to every operation and return how many operations there are."""
    schema: Any = schemathesis.openapi.from_url(f"{url}/openapi.json")
    tried = 0
    for found in schema.get_all_operations():
        operation = found.ok()
        if operation.path not in ENDLESS:
            send(operation, url, key)
            tried += 1
    return tried


def send(operation: Any, url: str, key: str) -> None:
    @given(case=operation.as_strategy())
    @hypothesis_settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
    )
    def each(case: Any) -> None:
        case.call_and_validate(base_url=url, headers={"Authorization": key}, checks=[not_a_server_error])

    each()
