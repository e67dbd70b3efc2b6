"""The ports of the host, according to the kernel."""

import asyncio
import errno
import socket


class LocalHostPorts:
    """Checks whether a port can be bound on an address of this machine.

    ``address`` None stands for an engine on another machine, whose ports cannot be known.
    """

    def __init__(self, address: str | None) -> None:
        self._address = address

    async def is_in_use(self, port: int) -> bool:
        """Return whether a program listens on a port; False when that is unknown."""
        return self._address is not None and await asyncio.to_thread(_is_in_use, self._address, port)


def _is_in_use(address: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # Closed connections in TIME_WAIT do not count. The socket never listens.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            return error.errno == errno.EADDRINUSE
        except OverflowError:
            return False  # no port at all, which is refused elsewhere
    return False
