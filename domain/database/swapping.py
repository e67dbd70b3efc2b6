"""The steps of a swap, in their order: the requests and reports of both databases. ``swap.py`` has the rules."""

from datetime import datetime
from uuid import UUID

from domain.aggregate import Claim
from domain.database.aggregate import Database
from domain.database.swap import NotReplaceable, name_until
from domain.server import Server


def request_swap(database: Database, target: Database) -> None:
    """Request that a database takes the place of another one, whose password it has. Raises NotReplaceable."""
    refuse_unless_replaceable(target)
    database.trigger_event(
        database.SwapRequested,
        target_id=target.public_id,
        target_name=target.name,
        target_publish=target.publish,
        target_login_id=target.login_id,
    )


def copy_password(database: Database, target: Database, login_id: UUID) -> None:
    """Request the password of the target, which was changed meanwhile, sealed under this id. Raises NotReplaceable."""
    request_swap(database, target)
    Server.rotate_credentials(database, login_id, replaces=False)


def request_replacement(target: Database, successor: Database, now: datetime, purges_at: datetime) -> None:
    """Request that the target makes way, and is kept in the trash under another name. Raises NotReplaceable."""
    refuse_unless_replaceable(target)
    before = target.held_claims()
    target.trigger_event(
        target.Replaced,
        name=name_until(target.name, now),
        successor_id=successor.public_id,
        replaced_at=now,
        purges_at=purges_at,
    )
    _exchange_claims(target, before)


def take_place(database: Database, began_at: datetime) -> None:
    """Take name and host port of the target, which makes way; saving raises when somebody else has them."""
    if database.swap is not None and database.swap.is_waiting:
        before = database.held_claims()
        database.trigger_event(
            database.PlaceTaken,
            name=database.swap.target_name,
            publish=database.swap.target_publish,
            began_at=began_at,
        )
        _exchange_claims(database, before)


def report_swapped(database: Database, now: datetime) -> None:
    """Record that a client has used the database in its new place."""
    if database.swap is not None and database.swap.began_at is not None and not database.swap.is_complete:
        unavailable_s = (now - database.swap.began_at).total_seconds()
        database.trigger_event(database.Swapped, unavailable_s=unavailable_s)


def refuse_unless_replaceable(target: Database) -> None:
    """Raise NotReplaceable unless another database can take its place."""
    why = None
    if target.is_deleting:
        why = f"it is {target.status}"
    elif target.wanted == "stopped":
        why = "it is stopped; start it first"
    elif target.is_replica:
        why = "it is a replica; promote it first"
    elif target.followers.names:
        why = f"{' and '.join(target.followers.names.values())} follow it; promote or delete them first"
    if why is not None:
        raise NotReplaceable(f"cannot restore in place of {target.name}: {why}")


def _exchange_claims(database: Database, before: list[Claim]) -> None:
    """Release the claims that a database has no longer, and take those that are new."""
    after = database.held_claims()
    kept = {(each.scope, each.key) for each in before} & {(each.scope, each.key) for each in after}
    database.conditions.releases += [each for each in before if (each.scope, each.key) not in kept]
    database.conditions.claims += [each for each in after if (each.scope, each.key) not in kept]
    database.require_public()
