"""How we trust a managed server that speaks TLS."""

import ssl

from domain.server import Server


def trusting(server: Server) -> ssl.SSLContext | None:
    """Return what takes the certificate of this server and no other; None where it does not speak TLS.

    Its authority has signed nothing else, so the address at which we find it needs no proof of its own.
    """
    if server.certificate is None:
        return None
    context = ssl.create_default_context(cadata=server.certificate.authority)
    context.check_hostname = False
    return context
