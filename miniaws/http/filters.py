"""What reads over time share: which account, which resource, from when to when, and where a page ended."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request

from domain import errors
from domain.access_key import FIRST_ACCOUNT, Role
from domain.aggregate import Aggregate
from domain.values import must, one_of, parse_id, shown
from miniaws.application import Cloud
from miniaws.http.absent import in_some_vpc
from miniaws.http.auth.authenticator import Identity
from miniaws.http.reading import AsOf, Caller, CloudDep, position_at


@dataclass(frozen=True, slots=True)
class Span:
    """What lies between two positions: after the first, up to the second."""

    after: int
    to: int
    texts: tuple[str | None, ...]
    """As they were asked for; a cursor is bound to them."""


async def account(
    caller: Caller,
    wanted: Annotated[
        str | None,
        Query(
            alias="account", max_length=63, description="another account, or * for all; for admins of main"
        ),
    ] = None,
) -> str | None:
    """Return the account to read, None for all. Raises Forbidden unless it is one's own or one may."""
    return account_of(caller, wanted)


async def span(
    request: Request,
    cloud: CloudDep,
    at: AsOf,
    from_: Annotated[
        str | None,
        Query(alias="from", max_length=64, description="an RFC 3339 instant or a position; exclusive"),
    ] = None,
    to: Annotated[str | None, Query(max_length=64, description="as from, inclusive; left out: now")] = None,
) -> Span:
    """Resolve ``from`` and ``to``; ``as_of`` is another word for ``to``. Raises Invalid when they are swapped."""
    first = await position_at(cloud, from_, "from") if from_ is not None else cloud.ports.inventory.begins
    last = min(await position_at(cloud, to, "to"), at.at) if to is not None else at.at
    if first > last:
        raise must("from", "not be after `to`", why=f"`from` is position {first}, `to` is position {last}")
    return Span(first, last, tuple(request.query_params.get(name) for name in ("from", "to", "as_of")))


Accounts = Annotated[str | None, Depends(account)]
Between = Annotated[Span, Depends(span)]


async def resolve_any(
    cloud: Cloud, account: str | None, id_or_name: str, kind: str | None, at: int
) -> tuple[type[Aggregate], UUID]:
    """Return kind and id of a resource that is known at a position; a name is enough if it is unique among all kinds.

    A database's archive, which has the same name, does not count; nor does what is named within its VPC, unless nothing
    else has the name.

    Raises NotFound, Invalid.
    """
    check_kind(kind)
    parsed = parse_id(id_or_name)
    if parsed is not None:
        found = next((each for each in Aggregate.kinds.values() if parsed[0] == each.PREFIX), None)
        known = await cloud.ports.inventory.one(parsed[1], account, at) if found else None
        if found is None or known is None or kind not in {None, found.KIND}:
            raise errors.NotFound(f"cannot find {_humanized(kind)} {shown(id_or_name)} at position {at}")
        return found, parsed[1]
    bearing = await _bearing(cloud, account, id_or_name, [kind] if kind else list(Aggregate.kinds), at)
    if not bearing:
        raise errors.NotFound(
            f"cannot find {_humanized(kind)} {shown(id_or_name)} at position {at}; list them to see what there is"
        )
    if len(bearing) > 1:
        raise must(
            "kind",
            f"be given, as one of {', '.join(bearing)}",
            why=f"each has a resource {shown(id_or_name)}",
        )
    ((name, resource_id),) = bearing.items()
    return Aggregate.kinds[name], resource_id


async def _bearing(
    cloud: Cloud, account: str | None, name: str, kinds: list[str], at: int
) -> dict[str, UUID]:
    """Return which of the resources with a name are meant, by kind; those of a VPC are called ``name.vpc``, too."""
    bearing = await cloud.ports.inventory.bearing(account, kinds, name.partition(".")[0], at)
    known = {kind: Aggregate.kinds[kind] for kind in bearing}
    major = {kind: bearing[kind] for kind, each in known.items() if not each.IS_PART and not each.IS_IN_VPC}
    if major and "." not in name:
        return major
    own: dict[str, UUID] = {}
    for kind, each in known.items():
        if each.IS_IN_VPC and account is not None:
            found = await in_some_vpc(cloud, each, account, name, at)
            own |= {} if found is None else {kind: found}
    return own if "." in name else own or bearing


def check_kind(kind: str | None) -> None:
    """Raise Invalid for a kind that does not exist."""
    if kind is not None:
        one_of(kind, Aggregate.kinds, "kind")


def may_read_all(caller: Identity) -> bool:
    """Return whether a key may read every account: that of an admin of the first one."""
    return caller.account_id == FIRST_ACCOUNT and caller.role.covers(Role.ADMIN)


def account_of(caller: Identity, wanted: str | None) -> str | None:
    """Return the account to read, None for all. Raises Forbidden unless it is one's own or one may."""
    if wanted in {None, caller.account_id}:
        return caller.account_id
    if not may_read_all(caller):
        raise errors.Forbidden(
            f"cannot read another account: that takes an admin key of the account {FIRST_ACCOUNT}",
            field="account",
        )
    return None if wanted == "*" else wanted


def _humanized(kind: str | None) -> str:
    return "the resource" if kind is None else kind.replace("_", " ")
