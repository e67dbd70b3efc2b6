"""Serves the console: the pages that `scripts/console build` wrote, read once and kept in memory.

Each page says by hash which of its scripts may run, so that nothing else does; what has a hash in its name is kept by
browsers for good, everything else is asked for again and mostly found unchanged.
"""

import base64
import gzip
import hashlib
import mimetypes
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from miniaws.http.errors import Problem

FOLDER = Path(__file__).resolve().parents[1] / "console"
_INLINE = re.compile(rb"<script(?![^>]*\bsrc=)[^>]*>(.*?)</script>", re.DOTALL)
_POLICY = (
    "default-src 'self'; script-src 'self' {hashes}; style-src-elem 'self'; style-src-attr 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self' data:; connect-src 'self'; worker-src 'self'; object-src 'none'; "
    "base-uri 'self'; frame-ancestors 'none'; form-action 'self'"
)
_TEXT = {".html", ".js", ".css", ".txt", ".svg", ".json"}
_SMALL = 1024
"""Bytes that are not worth compressing."""
_BY_ITSELF = {"/favicon.ico": "/icon.svg"}
"""What a browser asks for by itself while a page changes its head, and what it gets."""
_OF_API = re.compile(r"/(api|health|metrics|docs|problems|openapi\.json)(/.*)?")


@dataclass(frozen=True, slots=True)
class _File:
    """A file as it is sent; ``packed`` is the same in gzip, where that is smaller."""

    body: bytes
    packed: bytes | None
    headers: dict[str, str]


class Console:
    """Answers what no route of the API does. ``otherwise`` answers what is none of the console."""

    def __init__(self, otherwise: ASGIApp, folder: Path = FOLDER) -> None:
        self._otherwise = otherwise
        self._folder = folder

    @cached_property
    def _files(self) -> dict[str, _File]:
        """Every file by its path; read when the first page is asked for."""
        found = sorted(path for path in self._folder.rglob("*") if path.is_file())
        return {f"/{path.relative_to(self._folder).as_posix()}": _read(path, self._folder) for path in found}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request. Raises Problem where the console is not built."""
        if (
            scope["type"] != "http"
            or scope["method"] not in {"GET", "HEAD"}
            or _OF_API.fullmatch(scope["path"])
        ):
            await self._otherwise(scope, receive, send)
            return
        asked: str = scope["path"]
        path = _BY_ITSELF.get(asked, asked)
        is_known = path in self._files or f"{path.rstrip('/')}/index.html" in self._files
        if path != "/" and not is_known and "text/html" not in Headers(scope=scope).get("accept", ""):
            await self._otherwise(scope, receive, send)  # no browser asks so
            return
        if not self._files:
            raise Problem(
                404,
                "console_not_built",
                "cannot show the console: it is not built here; run `scripts/setup`. The API is at /docs",
            )
        await self._answer(path, scope)(scope, receive, send)

    def _answer(self, path: str, scope: Scope) -> Response:
        page = f"{path.rstrip('/')}/index.html"
        if page in self._files and not path.endswith("/"):
            query = scope["query_string"].decode("latin-1")
            return Response(status_code=308, headers={"Location": f"{path}/{'?' if query else ''}{query}"})
        name = page if path.endswith("/") else path
        file = self._files.get(name)
        asked = Headers(scope=scope)
        if file is None:
            return _sent(self._files["/404.html"], asked, 404)
        if asked.get("if-none-match") == file.headers["ETag"]:
            return Response(status_code=304, headers=file.headers)
        return _sent(file, asked, 200)


def _sent(file: _File, asked: Headers, status: int) -> Response:
    if file.packed is not None and "gzip" in asked.get("accept-encoding", ""):
        return Response(file.packed, status, {**file.headers, "Content-Encoding": "gzip"})
    return Response(file.body, status, file.headers)


def _read(path: Path, folder: Path) -> _File:
    body = path.read_bytes()
    packed = gzip.compress(body, 9, mtime=0) if path.suffix in _TEXT and len(body) > _SMALL else None
    return _File(body, packed, _headers(path, folder, body))


def _headers(path: Path, folder: Path, body: bytes) -> dict[str, str]:
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    is_named_by_hash = path.is_relative_to(folder / "_next" / "static")
    found = {
        "Content-Type": f"{kind}; charset=utf-8" if path.suffix in _TEXT else kind,
        "ETag": f'"{hashlib.sha256(body).hexdigest()[:32]}"',
        "Cache-Control": "public, max-age=31536000, immutable" if is_named_by_hash else "no-cache",
        "Vary": "Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
    }
    if path.suffix == ".html":
        found["Content-Security-Policy"] = _POLICY.format(hashes=" ".join(_hashes(body)))
    return found


def _hashes(page: bytes) -> list[str]:
    """Return what a policy calls the scripts that stand in a page."""
    digests = {hashlib.sha256(script).digest() for script in _INLINE.findall(page)}
    return sorted(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
