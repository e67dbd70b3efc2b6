"""What is known of database engines: versions, classes, parameters and what they may be set to."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from domain.server import TooLittleMemory, UnknownParameter
from domain.values import must, one_of

_IDENTIFIER = re.compile(r"[a-z][a-z0-9_]{0,62}")
_RESERVED = frozenset(
    {"miniaws", "postgres", "root", "mysql", "mariadb", "template0", "template1", "public", "sys"}
)


@dataclass(frozen=True, slots=True)
class DatabaseClass:
    """How much CPU (cores) and memory (MiB) a database gets; both are real limits."""

    name: str
    cpus: float
    memory_mb: int


CLASSES = {
    each.name: each
    for each in (
        DatabaseClass("nano", 0.25, 128),
        DatabaseClass("micro", 0.5, 256),
        DatabaseClass("small", 1, 512),
        DatabaseClass("medium", 1, 1024),
        DatabaseClass("large", 2, 2048),
        DatabaseClass("xlarge", 4, 4096),
    )
}


@dataclass(frozen=True, slots=True)
class Range:
    """A whole number from one to another."""

    least: int
    most: int
    restarts: bool = False


@dataclass(frozen=True, slots=True)
class Choices:
    """One of some values."""

    values: tuple[str, ...]
    restarts: bool = False


_SWITCH = ("on", "off")
_MS = Range(0, 2_147_483_647)


@dataclass(frozen=True, slots=True)
class Engine:
    """One engine, as it is requested."""

    name: str
    role: str
    """Which image it runs on."""
    versions: tuple[str, ...]
    local_version: str
    """That of the image that is built here."""
    port: int
    data_path: str
    least_memory_mb: int
    parameters: Mapping[str, Range | Choices]
    restores_to: str
    """Resolution of moments."""
    uses_shm: bool = False
    """Whether its processes share memory in ``/dev/shm``."""


_POSTGRES = Engine(
    "postgres",
    "postgres",
    ("15", "16", "17"),
    "15",
    5432,
    "/var/lib/postgresql/data",
    128,
    {
        "autovacuum": Choices(_SWITCH),
        "autovacuum_naptime": Range(1, 2_147_483),
        "default_statistics_target": Range(1, 10_000),
        "idle_in_transaction_session_timeout": _MS,
        "lock_timeout": _MS,
        "log_min_duration_statement": Range(-1, 2_147_483_647),
        "log_statement": Choices(("none", "ddl", "mod", "all")),
        "maintenance_work_mem": Range(1024, 2_147_483_647),
        "max_connections": Range(10, 10_000, restarts=True),
        "max_locks_per_transaction": Range(10, 100_000, restarts=True),
        "max_wal_size": Range(32, 1_048_576),
        "random_page_cost": Range(0, 100),
        "shared_buffers": Range(16, 1_073_741_823, restarts=True),
        "statement_timeout": _MS,
        "synchronous_commit": Choices(("on", "off", "local", "remote_write", "remote_apply")),
        "temp_buffers": Range(100, 1_073_741_823),
        "work_mem": Range(64, 2_147_483_647),
    },
    "microsecond",
    uses_shm=True,
)
_MARIADB_PARAMETERS: Mapping[str, Range | Choices] = {
    "innodb_buffer_pool_size": Range(5 * 1024 * 1024, 2**40),
    "innodb_lock_wait_timeout": Range(0, 100_000_000),
    "interactive_timeout": Range(1, 31_536_000),
    "long_query_time": Range(0, 31_536_000),
    "max_allowed_packet": Range(1024, 1024**3),
    "max_connections": Range(10, 100_000),
    "slow_query_log": Choices(_SWITCH),
    "table_open_cache": Range(10, 1_048_576),
    "wait_timeout": Range(1, 31_536_000),
}
_MARIADB = Engine(
    "mariadb",
    "mariadb",
    ("10.11", "11.4"),
    "10.11",
    3306,
    "/var/lib/mysql",
    256,
    _MARIADB_PARAMETERS,
    "second",
)
ENGINES: Mapping[str, Engine] = {
    "postgres": _POSTGRES,
    "mariadb": _MARIADB,
    "mysql": replace(_MARIADB, name="mysql"),
}
"""What may be requested. MySQL is what MariaDB understands: the document's ``server`` says what runs."""


def shm_mb(engine: str, memory_mb: int) -> int | None:
    """Return the size of ``/dev/shm`` in MiB, or None for the container engine's default.

    Postgres keeps there what the workers of a parallel query share, such as hash tables. It gets half of the memory,
    which it cannot exceed as a whole: what is in ``/dev/shm`` counts against the limit of the container.
    """
    return memory_mb // 2 if ENGINES[engine].uses_shm else None


def check_class(engine: Engine, name: str) -> DatabaseClass:
    """Return the class of this name. Raises Invalid, or TooLittleMemory for this engine."""
    one_of(name, CLASSES, "class")
    found = CLASSES[name]
    if found.memory_mb < engine.least_memory_mb:
        raise must(
            "class",
            f"have at least {engine.least_memory_mb} MiB of memory for {engine.name}",
            name,
            kind=TooLittleMemory,
        )
    return found


def check_parameters(engine: Engine, given: Mapping[str, str]) -> None:
    """Raise UnknownParameter or Invalid."""
    for name, value in given.items():
        known = engine.parameters.get(name)
        if known is None:
            raise must("parameters", f"be of {', '.join(engine.parameters)}", name, kind=UnknownParameter)
        if isinstance(known, Choices) and value not in known.values:
            raise must("parameters", f"have one of {', '.join(known.values)} as `{name}`", value)
        if isinstance(known, Range) and not _in_range(known, value):
            raise must(
                "parameters", f"have a whole number from {known.least} to {known.most} as `{name}`", value
            )


def check_identifier(text: str, field: str) -> str:
    """Return the name of a database or a user inside a server. Raises Invalid."""
    if not _IDENTIFIER.fullmatch(text) or text in _RESERVED or text.startswith("pg_"):
        raise must(
            field,
            "have 1 to 63 lower-case letters, digits and _, start with a letter and not be reserved, as "
            f"{', '.join(sorted(_RESERVED))} and pg_… are",
            text,
        )
    return text


def _in_range(known: Range, value: str) -> bool:
    digits = value.removeprefix("-")
    return (
        digits.isascii() and digits.isdigit() and len(digits) < 19 and known.least <= int(value) <= known.most
    )
