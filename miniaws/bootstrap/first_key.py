"""The profile of the first admin key: ``MINIAWS_URL=…`` and ``MINIAWS_API_KEY=…`` in a file of mode 0600."""

import os
from pathlib import Path

from domain.access_key import FIRST_ACCOUNT, HASH_SCOPE, Role
from domain.errors import NameTaken
from domain.store import Cause
from miniaws.application import Cloud, Request
from miniaws.commands import access_key
from miniaws.environment import read_profile

_CAUSE = Cause(actor="system:setup", account_id=FIRST_ACCOUNT)


def read(path: Path) -> dict[str, str]:
    """Return the variables of a profile; empty when there is none."""
    if not path.exists():
        return {}
    return read_profile(path.read_text(encoding="utf-8"))


async def ensure(cloud: Cloud) -> None:
    """Ensure a profile whose key is valid.

    The profile is written first and its key issued then: after a crash in between, the next call issues the key of
    the profile, and no key ever exists that nobody knows.
    """
    settings = cloud.settings
    secret = read(settings.credentials).get("MINIAWS_API_KEY") or access_key.new_secret(cloud)
    _write(settings.credentials, f"MINIAWS_URL={settings.url}\nMINIAWS_API_KEY={secret}\n")
    if await cloud.ports.store.claim(HASH_SCOPE, access_key.hash_of(secret)) is not None:
        return
    for name in ("admin", *(f"admin-{number}" for number in range(2, 100))):
        try:
            await access_key.issue(
                cloud, Request(_CAUSE), access_key.IssueKey(name=name, role=Role.ADMIN), secret
            )
        except NameTaken:
            continue
        return


def _write(path: Path, text: str) -> None:
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return
    draft = path.with_suffix(".new")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
