"""Commands for access keys."""

import hashlib
from dataclasses import replace
from typing import Annotated
from uuid import UUID

from pydantic import Field

from domain.access_key import FIRST_ACCOUNT, AccessKey, NewKey, Role, admin_scope, works_at
from domain.aggregate import Aggregate
from domain.errors import Forbidden
from domain.store import ClaimTaken, RequirementMissing
from domain.values import shown
from domain.vpc import Vpc
from miniaws.application import Cloud, Request, Saved, UnitOfWork
from miniaws.commands import defaults
from miniaws.commands import vpc as vpcs
from miniaws.commands.body import Body, Instant, Name

KEY_PREFIX = "miniaws_"


class IssueKey(Body):
    """A key to issue."""

    name: Name = Field(examples=["ci"])
    role: Annotated[
        Role,
        Field(
            strict=False,
            title="Role",
            description="viewer reads, operator changes, admin also manages keys",
        ),
    ]
    account: str | None = Field(
        default=None,
        title="Account",
        description="left out: that of the caller",
        examples=["class-1"],
    )
    expires_at: Instant | None = Field(
        default=None,
        title="Expires",
        description="RFC 3339; left out: never",
        examples=["2099-01-31T12:00:00Z"],
    )


async def issue(cloud: Cloud, request: Request, asked: IssueKey, secret: str | None = None) -> Saved:
    """Issue a key, and create the default VPC of a new account. The secret is in ``Saved.secrets``.

    ``secret`` is given by the set-up, which writes the profile before the key is valid; None: a new one.

    Raises Forbidden, Invalid, NameTaken.
    """
    account = asked.account or request.cause.account_id
    if request.cause.account_id not in (account, FIRST_ACCOUNT):
        raise Forbidden(
            f"cannot issue a key for account {shown(account)}: only keys of {FIRST_ACCOUNT} may",
            field="account",
        )
    secret = secret or new_secret(cloud)
    is_replaceable = request.idempotency_key is not None
    new = NewKey(account, asked.name, asked.role, hash_of(secret), asked.expires_at, is_replaceable)

    async def work(unit: UnitOfWork) -> None:
        unit.add(
            AccessKey.issue(new, cloud.ports.clock.now()),
            *await _default_vpc(cloud, account),
        )

    async def recover(conflict: ClaimTaken | RequirementMissing) -> None:
        # Another VPC got the range, or the account its VPC, in between: choose again.
        del conflict

    return replace(await cloud.transact(request, work, recover), secrets={"key": secret})


async def reissue(cloud: Cloud, request: Request, key_id: UUID) -> Saved:
    """Answer again who asked for a key: with another secret, which is in ``Saved.secrets``. Raises KeyAlreadyShown.

    Whoever asks again does not have the first answer, or would use it; with that, nobody else can.
    """
    secret = new_secret(cloud)

    async def work(unit: UnitOfWork) -> None:
        key = await cloud.load_by_id(AccessKey, key_id)
        key.replace_secret(hash_of(secret))
        unit.add(key)

    return replace(await cloud.transact(Request(request.cause), work), secrets={"key": secret})


async def revoke(cloud: Cloud, request: Request, id_or_name: str) -> Saved:
    """Close a key for good. Raises NotFound, Conflict."""

    async def work(unit: UnitOfWork) -> None:
        key = await unit.load(AccessKey, id_or_name)
        admins = await cloud.ports.store.claims(admin_scope(unit.account_id))
        now = cloud.ports.clock.now()
        others = (claim for claim in admins if works_at(claim, now) and claim.owner != key.id)
        key.revoke(next(others, None))

    async def recover(conflict: ClaimTaken | RequirementMissing) -> None:
        # The other admin key was revoked in between: look for one more.
        del conflict

    return await cloud.transact(request, work, recover)


def new_secret(cloud: Cloud) -> str:
    """Return a secret for a key."""
    return KEY_PREFIX + cloud.ports.random.secret()


def hash_of(secret: str) -> str:
    """Return what is kept of a key. Plain SHA-256 is enough: a key is 256 random bits, not a password."""
    return hashlib.sha256(secret.encode()).hexdigest()


async def _default_vpc(cloud: Cloud, account: str) -> list[Aggregate]:
    if await cloud.ports.store.claims(f"name/{account}/vpc"):
        return []
    if await cloud.ports.store.claims(admin_scope(account)):
        return []
    cidr = await vpcs.free_cidr(cloud)
    vpc = Vpc.create(account, "default", cidr, {}, is_chosen=True)
    return [vpc, *defaults.of(vpc)]
