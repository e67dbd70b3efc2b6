"""Headers for browsers in every response, unless the response sets them itself."""

from starlette.datastructures import MutableHeaders

NOTHING_LOADS = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
"""The policy of an answer that is not a page: wherever it is opened, it loads and runs nothing."""
_DEFAULTS = {
    "Content-Security-Policy": NOTHING_LOADS,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def protect(headers: MutableHeaders) -> None:
    """Add the headers that are missing."""
    for name, value in _DEFAULTS.items():
        headers.setdefault(name, value)
