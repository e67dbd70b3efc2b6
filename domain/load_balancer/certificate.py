"""Certificates and their private keys, as they are uploaded."""

from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from domain import values
from domain.load_balancer.errors import BadCertificate

MAX_PEM = 64 * 1024


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate with its chain, as clients see it; ``key_id`` is where its private key is sealed."""

    name: str
    pem: str
    fingerprint: str
    subject: str
    names: list[str]
    not_after: datetime
    key_id: str = ""


def read(name: str, pem: str, private_key: str, now: datetime) -> tuple[Certificate, bytes]:
    """Return the certificate and its key in the form that is sealed. Raises Invalid, BadCertificate.

    No message repeats any part of what was sent.
    """
    values.name(name)
    chain = _chain(pem)
    leaf = chain[0]
    key = _key(private_key)
    if _spki(key.public_key()) != _spki(leaf.public_key()):
        raise values.must(
            "private_key", "belong to the first certificate", why="send the pair", kind=BadCertificate
        )
    if not leaf.not_valid_before_utc <= now < leaf.not_valid_after_utc:
        raise values.must(
            "certificate",
            "be valid now",
            why=f"this one is valid from {leaf.not_valid_before_utc:%Y-%m-%d} to {leaf.not_valid_after_utc:%Y-%m-%d}",
            kind=BadCertificate,
        )
    plain = "".join(each.public_bytes(Encoding.PEM).decode() for each in chain)
    certificate = Certificate(
        name=name,
        pem=plain,
        fingerprint=leaf.fingerprint(hashes.SHA256()).hex(),
        subject=leaf.subject.rfc4514_string()[:200],
        names=_names(leaf),
        not_after=leaf.not_valid_after_utc,
    )
    return certificate, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _chain(pem: str) -> list[x509.Certificate]:
    if len(pem) > MAX_PEM:
        raise values.must("certificate", f"have at most {MAX_PEM} bytes", len(pem), kind=BadCertificate)
    try:
        return x509.load_pem_x509_certificates(pem.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise values.must(
            "certificate", "be one or more certificates in PEM, the server's own first", kind=BadCertificate
        ) from None


def _key(private_key: str) -> PrivateKeyTypes:
    try:
        return load_pem_private_key(private_key.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise values.must("private_key", "be in PEM and without a password", kind=BadCertificate) from None


def _spki(key: PublicKeyTypes) -> bytes:
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _names(leaf: x509.Certificate) -> list[str]:
    try:
        found = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return [str(each)[:253] for each in found.get_values_for_type(x509.DNSName)][:100]
