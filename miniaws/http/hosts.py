"""Which host names requests may use. Others are refused, as a page that rebinds its own name to this server sends them.

DNS rebinding: a site lets its name resolve to this machine, and its pages then reach this server as their own origin.
An IP address cannot be rebound, so every one is allowed.
"""

import re
from collections.abc import Iterable
from ipaddress import ip_address

from miniaws.http.errors import Problem
from miniaws.settings import Settings

_LOCAL = ("localhost", "*.localhost")
_HOST = re.compile(r"(\[[^\[\]]*\]|[^:\[\]]*)(:[0-9]*)?")


class AllowedHosts:
    """The names that are allowed: exact ones, ``*.example.com`` for those below it, ``*`` for any."""

    def __init__(self, *names: str) -> None:
        self._names = tuple(_normal(name) for name in (*_LOCAL, *names))

    def check(self, headers: Iterable[tuple[bytes, bytes]]) -> None:
        """Raise Problem 421 unless a request names this server in a way that is allowed."""
        given = [value.decode("latin-1") for name, value in headers if name == b"host"]
        if not (len(given) == 1 and self.allows(given[0])):
            raise Problem(
                421,
                "unknown_host",
                "cannot answer under this host name: use localhost or an IP address, "
                "or add the name to MINIAWS_ALLOWED_HOSTS",
                field="Host",
            )

    def allows(self, host: str) -> bool:
        """Return whether a Host header, with or without a port, is allowed."""
        found = _HOST.fullmatch(_normal(host))
        name = found[1].removesuffix(".") if found else ""
        return _is_address(name) or any(_matches(name, pattern) for pattern in self._names)

    @classmethod
    def of(cls, settings: Settings) -> "AllowedHosts":
        """Return those of an installation: its own host, what it allows, and what is allowed everywhere."""
        more = (name.strip() for name in settings.allowed_hosts.split(","))
        return cls(settings.host, *filter(None, more))


def _normal(name: str) -> str:
    return name.strip().lower()


def _is_address(name: str) -> bool:
    is_bracketed = name.startswith("[") and name.endswith("]")
    try:
        return ip_address(name[1:-1] if is_bracketed else name).version == (6 if is_bracketed else 4)
    except ValueError:
        return False


def _matches(name: str, pattern: str) -> bool:
    if pattern == "*":
        return True
    if pattern.startswith("*."):
        return name.endswith(pattern[1:]) and len(name) > len(pattern) - 1
    return name == pattern
