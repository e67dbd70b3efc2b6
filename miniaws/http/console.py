"""Serves the console that `scripts/console build` wrote, and the guide that `make docs` wrote, from memory.

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
GUIDE_FOLDER = FOLDER.with_name("guide")
GUIDE_PATH = "/docs/guide"
_INLINE_SCRIPT = re.compile(rb"<script(?![^>]*\bsrc=)[^>]*>(.*?)</script>", re.DOTALL)
_INLINE_STYLE = re.compile(rb"<style[^>]*>(.*?)</style>", re.DOTALL)
_POLICY = (
    "default-src 'self'; script-src 'self' {scripts}; style-src-elem 'self' {styles}; style-src-attr 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self' data:; connect-src 'self'; worker-src 'self'; object-src 'none'; "
    "base-uri 'self'; frame-ancestors 'none'; form-action 'self'"
)
_TEXT = {".html", ".js", ".css", ".txt", ".svg", ".json"}
_SMALL = 1024
"""Bytes that are not worth compressing."""
_BY_ITSELF = {"/favicon.ico": "/icon.svg"}
"""What a browser asks for by itself while a page changes its head, and what it gets."""
_OF_API = re.compile(r"/(api|health|metrics|problems|openapi\.json)(/.*)?")


@dataclass(frozen=True, slots=True)
class _File:
    """A file as it is sent; ``packed`` is the same in gzip, where that is smaller."""

    body: bytes
    packed: bytes | None
    headers: dict[str, str]


class Console:
    """Answers what no route of the API does. ``otherwise`` answers what is none of the console."""

    def __init__(self, otherwise: ASGIApp, folder: Path = FOLDER, guide: Path = GUIDE_FOLDER) -> None:
        self._otherwise = otherwise
        self._folder = folder
        self._guide = guide

    @cached_property
    def _files(self) -> dict[str, _File]:
        """Every file by its path; read when the first page is asked for."""
        return _read_all(self._folder) | _read_all(self._guide, GUIDE_PATH)

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
                "cannot show the console: it is not built here; run `scripts/setup`. "
                "The API works without it, see /openapi.json",
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


def _read_all(folder: Path, prefix: str = "") -> dict[str, _File]:
    """Return the files of a folder by their paths in the API; none if there is no such folder."""
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return {f"{prefix}/{path.relative_to(folder).as_posix()}": _read(path, folder) for path in found}


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
    if path.suffix in {".html", ".js"}:  # a worker has the policy of its script
        found["Content-Security-Policy"] = _POLICY.format(
            scripts=_hashes(_INLINE_SCRIPT, body), styles=_hashes(_INLINE_STYLE, body)
        )
    return found


def _hashes(pattern: re.Pattern[bytes], page: bytes) -> str:
    """Return the hashes of the inline scripts or styles of a page, as a policy names them."""
    digests = {hashlib.sha256(inline).digest() for inline in pattern.findall(page)}
    return " ".join(sorted(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests))
