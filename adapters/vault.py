"""Seals secrets: each under a key of its own, that key under the master key of the installation (AES-256-GCM)."""

import os
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from domain.errors import Refused

_NONCE = 12


@dataclass(frozen=True, slots=True)
class Sealed:
    """A secret as it is stored."""

    key: bytes
    value: bytes


class Vault:
    """Seals and opens values with one master key of 32 bytes."""

    def __init__(self, master_key: bytes) -> None:
        self._master = AESGCM(master_key)

    @classmethod
    def at(cls, path: Path) -> "Vault":
        """Return the vault whose master key lies in a file of mode 0600, made at the first call."""
        try:
            # O_EXCL: of several processes that start together, one makes the key and the others read it.
            file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return cls(path.read_bytes())
        with os.fdopen(file, "wb") as handle:
            handle.write(AESGCM.generate_key(256))
        return cls(path.read_bytes())

    def seal(self, value: bytes) -> Sealed:
        """Return the value under a new key."""
        key = AESGCM.generate_key(256)
        return Sealed(_encrypt(self._master, key), _encrypt(AESGCM(key), value))

    def open(self, sealed: Sealed) -> bytes:
        """Return the value in clear. Raises Refused when the master key is another one."""
        try:
            key = _decrypt(self._master, sealed.key)
            return _decrypt(AESGCM(key), sealed.value)
        except InvalidTag:
            raise Refused("cannot open a secret: it was sealed with another master key") from None


def _encrypt(cipher: AESGCM, value: bytes) -> bytes:
    nonce = os.urandom(_NONCE)
    return nonce + cipher.encrypt(nonce, value, None)


def _decrypt(cipher: AESGCM, sealed: bytes) -> bytes:
    return cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], None)
