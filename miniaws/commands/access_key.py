"""Commands for access keys."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from domain.access_key import FIRST_ACCOUNT, AccessKey, NewKey, Role, admin_scope, works_at
from domain.aggregate import Claim
from domain.errors import Forbidden, Unavailable
from domain.store import ClaimTaken, RequirementMissing, VersionConflict
from domain.values import shown
from domain.vpc import Vpc
from miniaws.application import Cloud, Request, Saved
from miniaws.commands import vpc as vpcs

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
    is_replaceable = request.idempotency_key is not None
    new = NewKey(account, wish.name, wish.role, hash_of(secret), wish.expires_at, is_replaceable)
    for _ in range(_ATTEMPTS):
        key = AccessKey.issue(new, cloud.ports.clock.now())
        try:
            receipt = await cloud.save(request, key, *await _default_vpc(cloud, account))
        except ClaimTaken:
            continue  # another VPC got the range, or the account its VPC, in between
        return Saved(key, receipt, {"key": secret})
    raise Unavailable(f"cannot issue {wish.name}: too many VPCs are made at once; retry")


async def reissue(cloud: Cloud, request: Request, key_id: UUID) -> Saved:
    """Answer again who asked for a key: with another secret, which is in ``Saved.secrets``. Raises KeyAlreadyShown.

    Whoever asks again does not have the first answer, or would use it; with that, nobody else can.
    """
    secret = new_secret(cloud)
    for _ in range(_ATTEMPTS):
        key = await cloud.load_by_id(AccessKey, key_id)
        key.replace_secret(hash_of(secret))
        try:
            receipt = await cloud.save(Request(request.cause), key)
        except VersionConflict:
            continue  # used, revoked or replaced in between
        return Saved(key, receipt, {"key": secret})
    raise Unavailable(f"cannot issue {key_id} again: too many ask for it at once; retry")


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
