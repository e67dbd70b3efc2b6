"""Trust in a managed server with TLS."""

import ssl

from domain.server import Server


def trusting(server: Server) -> ssl.SSLContext | None:
    """Return a TLS context that accepts only the certificate of this server; None for a server without TLS.

    Its authority has signed no other certificate, so the host name does not have to be checked.
    """
    if server.certificate is None:
        return None
    context = ssl.create_default_context(cadata=server.certificate.authority)
    context.check_hostname = False
    return context
