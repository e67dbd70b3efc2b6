"""Commands for access keys."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime

from domain.access_key import AccessKey, NewKey, Role, admin_scope
from domain.errors import Forbidden
from domain.vpc import Vpc
from miniaws.application import Cloud, Request, Saved
from miniaws.commands import vpc as vpcs

FIRST_ACCOUNT = "main"
"""The account of the first key; its admins may issue keys for other accounts."""
KEY_PREFIX = "miniaws_"


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
            f"cannot issue a key for account {account}: only keys of {FIRST_ACCOUNT} may", field="account"
        )
    secret = wish.secret or new_secret(cloud)
    new = NewKey(account, wish.name, wish.role, hash_of(secret), wish.expires_at)
    key = AccessKey.issue(new, cloud.ports.clock.now())
    receipt = await cloud.save(request, key, *await _default_vpc(cloud, account))
    return Saved(key, receipt, {"key": secret})


async def revoke(cloud: Cloud, request: Request, id_or_name: str) -> Saved:
    """Close a key for good. Raises NotFound, Conflict."""
    account = request.cause.account_id
    admins = await cloud.ports.store.claims(admin_scope(account))

    def decide(key: AccessKey) -> None:
        key.revoke(other_admins=len([claim for claim in admins if claim.owner != key.id]))

    return await cloud.change(request, AccessKey, id_or_name, decide)


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
    return [Vpc.create(account, "default", cidr, {})]
