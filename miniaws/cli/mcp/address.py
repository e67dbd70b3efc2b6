"""The address at which the server listens."""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

_LOOPBACK = "127.0.0.1"
_FORM = re.compile(r"(?:(?P<host>\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]*):)?(?P<port>\d{1,5})")


@dataclass(frozen=True, slots=True)
class Address:
    """A host and a port of this machine."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> "Address":
        """Return an address from ``HOST:PORT`` or ``PORT``; the default is loopback. Raises ValueError."""
        match = _FORM.fullmatch(text)
        if match is None or not 1 <= int(match["port"]) <= 65535:
            raise ValueError(f"must be an address or a port, e.g. 127.0.0.1:8090 or 8090; not {text!r}")
        found = cls((match["host"] or _LOOPBACK).strip("[]"), int(match["port"]))
        if (ip := found._ip) is not None and ip.is_unspecified:
            raise ValueError(
                f"must name the one address that clients use, not {text!r}, so that requests for other names can be "
                "refused"
            )
        return found

    @property
    def is_loopback(self) -> bool:
        """Whether only programs on this machine reach it."""
        return self.host == "localhost" if self._ip is None else self._ip.is_loopback

    @property
    def origin(self) -> str:
        """The URL without a path."""
        return f"http://{self._host}:{self.port}"

    @property
    def names(self) -> list[str]:
        """What a client of this address sends as ``Host``."""
        hosts = {self._host, _LOOPBACK, "localhost", "[::1]"} if self.is_loopback else {self._host}
        return [f"{host}:{self.port}" for host in sorted(hosts)]

    @property
    def _host(self) -> str:
        return f"[{self.host}]" if ":" in self.host else self.host

    @property
    def _ip(self) -> IPv4Address | IPv6Address | None:
        """The address of the host; None for a name."""
        try:
            return ip_address(self.host)
        except ValueError:
            return None
