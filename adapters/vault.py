"""Encrypts secrets: each with its own key, which is encrypted with the master key (AES-256-GCM)."""

import hashlib
import hmac
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from domain.errors import Refused

_NONCE = 12
_KEY = 32
_DRAFT = ".draft"


@dataclass(frozen=True, slots=True)
class Sealed:
    """A secret as it is stored."""

    key: bytes
    value: bytes


class Vault:
    """Encrypts and decrypts values with one master key of 32 bytes."""

    def __init__(self, master_key: bytes) -> None:
        self._master = AESGCM(master_key)
        self._root = master_key

    @classmethod
    def at(cls, path: Path) -> "Vault":
        """Return the vault whose master key is in a file of mode 0600, created at the first call.

        Raises Refused when the file is not a valid key: a wrong one would make all later secrets unreadable.
        """
        if not path.exists():
            _make(path)
        for draft in path.parent.glob(f"{path.name}.*{_DRAFT}"):
            draft.unlink(missing_ok=True)  # of a process that was killed in the meantime
        return cls(_read(path))

    def seal(self, value: bytes) -> Sealed:
        """Return the value, encrypted with a new key."""
        key = AESGCM.generate_key(256)
        return Sealed(_encrypt(self._master, key), _encrypt(AESGCM(key), value))

    def open(self, sealed: Sealed) -> bytes:
        """Return the decrypted value. Raises Refused when the master key is a different one."""
        try:
            key = _decrypt(self._master, sealed.key)
            return _decrypt(AESGCM(key), sealed.value)
        except InvalidTag:
            raise Refused("cannot open a secret: it was encrypted with another master key") from None

    def derive(self, purpose: str, text: str) -> bytes:
        """Return 32 bytes that follow from the master key, a purpose and a text."""
        key = hmac.digest(self._root, purpose.encode(), hashlib.sha256)
        return hmac.digest(key, text.encode(), hashlib.sha256)


def _make(path: Path) -> None:
    """Create the key file atomically, safe against crashes and power loss.

    If several processes start together, one creates the key and the others read it.
    """
    draft: Path | None = None
    try:
        descriptor, name = tempfile.mkstemp(_DRAFT, f"{path.name}.", path.parent)
        draft = Path(name)
        with os.fdopen(descriptor, "wb") as file:
            file.write(AESGCM.generate_key(8 * _KEY))
            file.flush()
            os.fsync(file.fileno())
        path.hardlink_to(draft)
        _sync(path.parent)
    except OSError as error:
        # Another process was first, and may have removed our temporary file.
        if not path.exists():
            raise Refused(f"cannot create the master key {path}: {error.strerror}") from error
        _sync(path.parent)
    finally:
        if draft is not None:
            draft.unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read(path: Path) -> bytes:
    try:
        mode, key = path.stat().st_mode & 0o777, path.read_bytes()
    except OSError as error:
        raise Refused(f"cannot read the master key {path}: {error.strerror}") from error
    if mode & 0o077:
        raise Refused(
            f"cannot use the master key {path}: other users can read or change it (mode {mode:04o}); "
            f"run `chmod 600 {path}`"
        )
    if len(key) != _KEY:
        raise Refused(
            f"cannot use the master key {path}: it has {len(key)} bytes instead of {_KEY}; restore the file from a "
            "backup. Remove it only when this cloud has no secrets yet: then a new key is created, and secrets "
            "encrypted with the old one are lost"
        )
    return key


def _encrypt(cipher: AESGCM, value: bytes) -> bytes:
    nonce = os.urandom(_NONCE)
    return nonce + cipher.encrypt(nonce, value, None)


def _decrypt(cipher: AESGCM, sealed: bytes) -> bytes:
    return cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], None)
