"""How long what is deleted is kept in the trash."""

from datetime import datetime, timedelta

from domain.instance import Instance
from domain.trash import PURGED_ON_REQUEST, Trashable
from miniaws.application import Cloud


def end(cloud: Cloud, found: Trashable | Instance, *, purge: bool) -> None:
    """Delete or terminate a resource; with ``purge``, also what is in the trash, for good."""
    if purge and found.goes_to_trash:
        found.purge(PURGED_ON_REQUEST)
        return
    purges_at = None if purge else kept_until(cloud)
    if isinstance(found, Instance):
        found.terminate(purges_at)
    else:
        found.delete(purges_at)


def kept_until(cloud: Cloud) -> datetime | None:
    """Return until when something is kept that is deleted now; None: there is no trash."""
    hours = cloud.settings.trash_hours
    return cloud.ports.clock.now() + timedelta(hours=hours) if hours else None
