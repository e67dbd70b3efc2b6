"""What ``cloud admin`` does: it works on the store itself, whether the cloud runs or not."""

import asyncio
import signal
import socket
import tempfile
from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from uuid import UUID

import psycopg
import uvicorn

from adapters import history_bundle
from adapters.embedded_postgres import EmbeddedPostgres
from adapters.event_store import migrate
from adapters.event_store.audit import audit
from adapters.history_bundle import ExportRange, Header
from adapters.system import SystemRandomSource
from domain.access_key import AccessKey, Role
from domain.errors import Refused, Unreachable
from domain.values import public_id
from miniaws import bootstrap, telemetry
from miniaws.commands.access_key import KEY_PREFIX, hash_of
from miniaws.http.auth.authenticator import Identity, ReadOnlyBundle
from miniaws.settings import Settings
from projections import rebuild
from projections.activity import HIDDEN
from projections.renewal import renew
from projections.verify import compare

_QUICK = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
"""For a database that is thrown away."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Up to which position how many events were replayed, and a sentence for everything that is not as they say."""

    position: int
    events: int
    differences: list[str]


def verify(settings: Settings) -> Verdict:
    """Compare the read models, claims, secrets and causes with the log. Raises Unreachable."""
    with _reaching():
        database = bootstrap.conninfo(settings)
        compared = compare(database)
        return Verdict(compared.position, compared.events, [*compared.differences, *audit(database)])


def renew_reads(settings: Settings) -> int:
    """Rebuild the read models beside the live ones, switch, and return the position. Raises Unreachable."""
    with _reaching():
        return asyncio.run(renew(bootstrap.conninfo(settings)))


def export(settings: Settings, path: Path, after: str | None, to: str | None) -> tuple[Header, int]:
    """Write a part of the history to a new file. Raises Unreachable, Refused."""
    try:
        file = path.open("xb")
    except OSError as error:
        raise Refused(f"cannot write {path}: {error.strerror}") from error
    try:
        with file, _reaching():
            export_range = ExportRange(settings.cloud, after, to, HIDDEN)
            return history_bundle.export(bootstrap.conninfo(settings), file, export_range)
    except BaseException:
        path.unlink()
        raise


def show(
    path: Path,
    port: int | None,
    home: Path | None,
    announce: Callable[[Header, str, Mapping[str, str]], None],
) -> None:
    """Serve a bundle until interrupted; ``announce`` gets the URL and a key for each account.

    It is stored in an empty directory ``home``, or else in a temporary one. Raises BundleDamaged, Refused.
    """
    # So that what is thrown away is thrown away, however this ends.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with ExitStack() as stack:
        file = stack.enter_context(_opened(path))
        history_bundle.check(file)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="miniaws-")))
        if home is not None:
            folder = _empty(home)
        postgres = EmbeddedPostgres(folder, _free_port(), settings=_QUICK)
        stack.callback(postgres.stop)
        postgres.start()
        file.seek(0)
        migrate(postgres.url())
        header = history_bundle.load_into(postgres.url(), file)
        rebuild.ensure(postgres.url())
        settings = _settings(folder, header.cloud, postgres.url(), port)
        telemetry.configure_logs(settings)
        _serve(settings, header, announce)


def _settings(folder: Path, cloud: str, database_url: str, port: int | None) -> Settings:
    return Settings.model_validate(
        {
            "data_dir": folder,
            "cloud": cloud,
            "database_url": database_url,
            "engine": "memory",
            "host": "127.0.0.1",
            "port": port or _free_port(),
            "log_level": "warning",
        }
    )


def _serve(
    settings: Settings, header: Header, announce: Callable[[Header, str, Mapping[str, str]], None]
) -> None:
    keys = {account: KEY_PREFIX + SystemRandomSource().secret() for account in header.accounts}
    bundle = ReadOnlyBundle(header.after, header.ends_at, _identities(keys))
    app = bootstrap.create_api(settings, bootstrap.memory_infrastructure(), bundle)
    config = uvicorn.Config(
        app, settings.host, settings.port, log_level="warning", access_log=False, server_header=False
    )
    _Server(config, lambda: announce(header, settings.url, keys)).run()


class _Server(uvicorn.Server):
    """Tells when it answers."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen."""
        await super().startup(sockets)
        if self.started:
            self._announce()


def _identities(keys: Mapping[str, str]) -> Mapping[str | UUID, Identity]:
    """Return who may look, by the hash of the key and by its id."""
    found: dict[str | UUID, Identity] = {}
    for account, key in keys.items():
        uuid = SystemRandomSource().uuid()
        identity = Identity(
            public_id(AccessKey.PREFIX, uuid), account, Role.VIEWER, None, "guest", hash=hash_of(key)
        )
        found[hash_of(key)] = found[uuid] = identity
    return found


@contextmanager
def _reaching() -> Generator[None]:
    try:
        yield
    except (psycopg.OperationalError, psycopg.errors.UndefinedTable) as error:
        raise Unreachable(
            "cannot reach the store: it is not running, or was never started; run `cloud up`, or see `cloud status`"
        ) from error


@contextmanager
def _opened(path: Path) -> Generator[IO[bytes]]:
    try:
        file = path.open("rb")
    except OSError as error:
        raise Refused(f"cannot read {path}: {error.strerror}") from error
    with file:
        yield file


def _empty(home: Path) -> Path:
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(home.iterdir()):
        raise Refused(f"cannot use {home}: it is not empty")
    return home


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
