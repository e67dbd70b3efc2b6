"""The subset of S3 that restic needs, in memory. Requests signed with another secret are refused."""

import hashlib
import hmac
import ssl
import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

ACCESS_KEY, SECRET = "AKIATEST", "canary-secret-5d2b"


class S3Server(ThreadingHTTPServer):
    """One bucket of objects by key."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.objects: dict[str, bytes] = {}
        self.refused = 0
        self.scheme = "http"

    @property
    def location(self) -> str:
        """The URL of the bucket for restic."""
        return f"s3:{self.scheme}://127.0.0.1:{self.server_port}/bucket"

    def show(self, certificate: Path) -> None:
        """Serve over TLS, with a file that holds a certificate and its key."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        # The handshake is made in the thread of a connection: who does not trust us keeps nobody else waiting.
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.scheme = "https"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: S3Server  # type: ignore[assignment]

    def do_HEAD(self) -> None:
        self._serve()

    def do_GET(self) -> None:
        self._serve()

    def do_PUT(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the library calls it
        """Log nothing."""

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if not self._is_signed():
            self.server.refused += 1
            self._answer(403, _error("AccessDenied", "Access Denied."))
            return
        url = urlsplit(self.path)
        _, _, key = unquote(url.path).lstrip("/").partition("/")
        if not key:
            self._answer_of_bucket(parse_qs(url.query))
        elif self.command == "PUT":
            self.server.objects[key] = self._content(body)
            self._answer(200, etag=self.server.objects[key])
        elif self.command == "DELETE":
            self.server.objects.pop(key, None)
            self._answer(204)
        else:
            self._answer_of_object(key)

    def _answer_of_bucket(self, query: dict[str, list[str]]) -> None:
        prefix = query.get("prefix", [""])[0]
        rows = [
            f"<Contents><Key>{escape(key)}</Key><Size>{len(content)}</Size>"
            "<LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>e</ETag></Contents>"
            for key, content in sorted(self.server.objects.items())
            if key.startswith(prefix)
        ]
        inner = f"<Name>bucket</Name><IsTruncated>false</IsTruncated>{''.join(rows)}"
        self._answer(200, f"<ListBucketResult>{inner}</ListBucketResult>".encode())

    def _answer_of_object(self, key: str) -> None:
        content = self.server.objects.get(key)
        if content is None:
            self._answer(404, _error("NoSuchKey", "The specified key does not exist."))
            return
        first, _, last = self.headers.get("Range", "bytes=0-").removeprefix("bytes=").partition("-")
        part = content[int(first) : int(last) + 1 if last else None]
        more = {"Content-Range": f"bytes {first}-{int(first) + len(part) - 1}/{len(content)}"}
        is_part = "Range" in self.headers
        self._answer(206 if is_part else 200, part, content, more if is_part else {})

    def _content(self, body: bytes) -> bytes:
        """Return what is stored: the chunks of a body that is signed chunk by chunk."""
        if "STREAMING" not in self.headers["x-amz-content-sha256"]:
            return body
        found = b""
        while body:
            head, _, body = body.partition(b"\r\n")
            size = int(head.partition(b";")[0], 16)
            found, body = found + body[:size], body[size + 2 :]
        return found

    def _is_signed(self) -> bool:
        """Return whether the request is signed with the secret, by AWS signature version 4."""
        kind, _, rest = self.headers.get("Authorization", "").partition(" ")
        parts = [each.strip().partition("=") for each in rest.split(",")]
        fields = {name: value for name, _, value in parts}
        scope = fields.get("Credential", "").split("/")
        if kind != "AWS4-HMAC-SHA256" or scope[0] != ACCESS_KEY:
            return False
        url, signed = urlsplit(self.path), fields["SignedHeaders"]
        query = "&".join(sorted(each if "=" in each else f"{each}=" for each in url.query.split("&") if each))
        headers = "".join(f"{name}:{self.headers[name].strip()}\n" for name in signed.split(";"))
        digest = self.headers["x-amz-content-sha256"]
        request = f"{self.command}\n{url.path}\n{query}\n{headers}\n{signed}\n{digest}"
        to_sign = "\n".join(
            [
                kind,
                self.headers["x-amz-date"],
                "/".join(scope[1:]),
                hashlib.sha256(request.encode()).hexdigest(),
            ]
        )
        key = f"AWS4{SECRET}".encode()
        for part in (*scope[1:], to_sign):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        return hmac.compare_digest(key.hex(), fields["Signature"])

    def _answer(
        self, status: int, body: bytes = b"", etag: bytes = b"", more: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", f'"{hashlib.md5(etag, usedforsecurity=False).hexdigest()}"')
        self.send_header("Last-Modified", "Thu, 01 Jan 2026 00:00:00 GMT")
        for name, value in (more or {}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _error(code: str, message: str) -> bytes:
    return f"<Error><Code>{code}</Code><Message>{message}</Message></Error>".encode()


@contextmanager
def s3_server() -> Generator[S3Server]:
    """Serve on a port of the loopback until the block ends."""
    with S3Server() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
