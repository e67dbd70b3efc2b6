"""Commands for access keys."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from domain.access_key import AccessKey, NewKey, Role, admin_scope, works_at
from domain.aggregate import Claim
from domain.errors import Forbidden, Unavailable
from domain.store import ClaimTaken, RequirementMissing
from domain.values import shown
from domain.vpc import Vpc
from miniaws.application import Cloud, Request, Saved
from miniaws.commands import vpc as vpcs

FIRST_ACCOUNT = "main"
"""The account of the first key; its admins may issue keys for other accounts."""
KEY_PREFIX = "miniaws_"
_ATTEMPTS = 20


@dataclass(frozen=True, slots=True)
class Issue:
    """A key as it is asked for. ``account`` None means the asking one."""

    name: str
    role: Role
    account: str | None = None
    expires_at: datetime | None = None
    secret: str | None = field(default=None, repr=False)
    """Left out: a new one. Given by the set-up, which writes the profile before the key is valid."""


async def issue(cloud: Cloud, request: Request, wish: Issue) -> Saved:
    """Hand out a key, and make the default VPC of an account that is new. The secret is in ``Saved.secrets``.

    Raises Forbidden, Invalid, NameTaken.
    """
    await cloud.refuse_repeated(request)
    account = wish.account or request.cause.account_id
    if request.cause.account_id not in (account, FIRST_ACCOUNT):
        raise Forbidden(
            f"cannot issue a key for account {shown(account)}: only keys of {FIRST_ACCOUNT} may",
            field="account",
        )
    secret = wish.secret or new_secret(cloud)
    new = NewKey(account, wish.name, wish.role, hash_of(secret), wish.expires_at)
    for _ in range(_ATTEMPTS):
        key = AccessKey.issue(new, cloud.ports.clock.now())
        try:
            receipt = await cloud.save(request, key, *await _default_vpc(cloud, account))
        except ClaimTaken:
            continue  # another VPC got the range, or the account its VPC, in between
        return Saved(key, receipt, {"key": secret})
    raise Unavailable(f"cannot issue {wish.name}: too many VPCs are made at once; retry")


async def revoke(cloud: Cloud, request: Request, id_or_name: str) -> Saved:
    """Close a key for good. Raises NotFound, Conflict."""
    for _ in range(_ATTEMPTS):
        now = cloud.ports.clock.now()
        admins = await cloud.ports.store.claims(admin_scope(request.cause.account_id))
        working = [claim for claim in admins if works_at(claim, now)]

        def decide(key: AccessKey, working: Sequence[Claim] = working) -> None:
            key.revoke(next((claim for claim in working if claim.owner != key.id), None))

        try:
            return await cloud.change(request, AccessKey, id_or_name, decide)
        except RequirementMissing:
            continue  # the other admin key was revoked in between
    raise Unavailable(f"cannot revoke {shown(id_or_name)}: too many changes at once; retry")


def new_secret(cloud: Cloud) -> str:
    """Return a secret for a key."""
    return KEY_PREFIX + cloud.ports.chance.secret()


def hash_of(secret: str) -> str:
    """Return what is kept of a key. Plain SHA-256 is enough: a key is 256 random bits, not a password."""
    return hashlib.sha256(secret.encode()).hexdigest()


async def _default_vpc(cloud: Cloud, account: str) -> list[Vpc]:
    if await cloud.ports.store.claims(f"name/{account}/vpc"):
        return []
    if await cloud.ports.store.claims(admin_scope(account)):
        return []
    cidr = await vpcs.free_cidr(cloud)
    return [Vpc.create(account, "default", cidr, {}, is_chosen=True)]
