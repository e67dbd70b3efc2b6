"""Removing what may be gone already, or may be going."""

from collections.abc import Callable
from functools import partial

from docker import APIClient
from docker.errors import APIError, NotFound

from adapters.docker.engine import CONFLICT


def remove_container(api: APIClient, container_id: str) -> None:
    """Have no such container."""
    try:
        api.remove_container(container_id, force=True, v=True)
    except NotFound:
        return
    except APIError as error:
        if error.status_code != CONFLICT:
            raise
        # Somebody else is removing it: wait until that is done.
        tolerate_missing(partial(api.wait, container_id, condition="removed"))


def tolerate_missing(call: Callable[[], object]) -> None:
    """Call what removes something; nothing to remove is fine."""
    try:
        call()
    except NotFound:
        return
