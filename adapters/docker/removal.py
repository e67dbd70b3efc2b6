"""Removal of objects that may already be removed, or are being removed."""

from collections.abc import Callable
from functools import partial

from docker import APIClient
from docker.errors import APIError, NotFound

from adapters.docker.engine import CONFLICT


def remove_container(api: APIClient, container_id: str) -> None:
    """Remove the container."""
    try:
        api.remove_container(container_id, force=True, v=True)
    except NotFound:
        return
    except APIError as error:
        if error.status_code != CONFLICT:
            raise
        # Another call is removing it: wait until it is done.
        tolerate_missing(partial(api.wait, container_id, condition="removed"))


def tolerate_missing(call: Callable[[], object]) -> None:
    """Call the removal; ignore that the object does not exist."""
    try:
        call()
    except NotFound:
        return
