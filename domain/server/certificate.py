"""Certificates of managed servers that speak TLS.

Every server has an authority of its own, which signs one certificate and whose private key is then forgotten: nobody
can be taken for the server by those who trust that authority.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from uuid import UUID

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_LASTS = timedelta(days=3650)
_EARLIER = timedelta(hours=1)
"""Clocks of clients may be behind ours."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a server shows its clients, and the authority by which they know it; both in PEM."""

    key_id: str
    """Under which id its private key is sealed."""
    pem: str
    authority: str
    names: list[str]
    not_after: datetime


@dataclass(frozen=True, slots=True)
class Ingredients:
    """The random values of a certificate: two private keys, two serial numbers, and the id of the sealed key."""

    authority_key: EllipticCurvePrivateKey
    key: EllipticCurvePrivateKey
    serials: tuple[UUID, UUID]
    key_id: UUID


def issue(subject: str, names: Sequence[str], of: Ingredients, now: datetime) -> tuple[Certificate, bytes]:
    """Return a certificate for these host names and addresses, and its private key in PEM, to be sealed."""
    authority = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"authority of {subject}"[:64])])
    signing, key = of.authority_key, of.key
    root = (
        _begun(authority, authority, of.serials[0], now)
        .public_key(signing.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(signing.public_key()), critical=False)
        .sign(signing, hashes.SHA256())
    )
    own = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject[:64])])
    leaf = (
        _begun(own, authority, of.serials[1], now)
        .public_key(key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key()), critical=False
        )
        .add_extension(x509.SubjectAlternativeName([_general(name) for name in names]), critical=False)
        .sign(signing, hashes.SHA256())
    )
    certificate = Certificate(str(of.key_id), _pem(leaf), _pem(root), list(names), leaf.not_valid_after_utc)
    return certificate, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _begun(subject: x509.Name, issuer: x509.Name, serial: UUID, now: datetime) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .serial_number(serial.int)
        .not_valid_before(now - _EARLIER)
        .not_valid_after(now + _LASTS)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()
