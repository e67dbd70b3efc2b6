"""``cloud cache``: Redis that runs for people."""

from typing import Annotated

import typer

from miniaws.cli import output, reading, server, writing
from miniaws.cli.noun import Column, spec
from miniaws.cli.options import Name, Output, Tags, Timeout, Wait, Yes, pairs

CACHE = server.server_noun("cache", "/api/caches", Column("PERSISTENCE", spec("persistence")))

app = typer.Typer(help="Redis that runs for you.", no_args_is_help=True, add_completion=False)

Eviction = Annotated[str, typer.Option(metavar="POLICY", help="What goes when it is full, e.g. allkeys-lru.")]
NewEviction = Annotated[
    str | None, typer.Option("--eviction", metavar="POLICY", help="What goes when it is full.")
]
Persistence = Annotated[str, typer.Option(metavar="none|aof|snapshots", help="What outlives its end.")]
Parameters = Annotated[
    list[str] | None,
    typer.Option("--parameter", metavar="NAME=VALUE", help="E.g. maxmemory-samples=10. Repeat for more."),
]


@app.command("create")
def create(  # noqa: PLR0913, PLR0917 - its options
    name: writing.NewName,
    engine: server.Engine = "redis",
    version: server.Version = None,
    memory: server.Memory = 64,
    cpus: server.Cpus = 1.0,
    eviction: Eviction = "noeviction",
    persistence: Persistence = "none",
    parameter: Parameters = None,
    vpc: server.Vpc = "default",
    publish: server.Publish = None,
    storage: server.Storage = None,
    volume: server.Files = None,
    tls: server.Tls = False,  # noqa: FBT002
    protected: server.Protected = False,  # noqa: FBT002
    tag: Tags = None,
    how: Output = "table",
    wait: Wait = True,  # noqa: FBT002
    timeout: Timeout = writing.PATIENCE_S,
) -> None:
    """Create a cache."""
    body = {
        "name": name,
        "engine": engine,
        "version": version,
        "memory_mb": memory,
        "cpus": cpus,
        "eviction": eviction,
        "persistence": persistence,
        "parameters": pairs(parameter, "--parameter"),
        "vpc": vpc,
        "publish": publish,
        "storage_gb": storage,
        "volume": volume,
        "tls": tls,
        "deletion_protection": protected,
        "tags": pairs(tag, "--tag"),
    }
    writing.create(CACHE, body, how, timeout if wait else 0)


@app.command("change")
def change(  # noqa: PLR0913, PLR0917 - its options
    name: Name,
    memory: server.NewMemory = None,
    cpus: server.NewCpus = None,
    eviction: NewEviction = None,
    parameter: Parameters = None,
    protected: server.NewProtection = None,
    how: Output = "table",
    wait: Wait = True,  # noqa: FBT002
    timeout: Timeout = writing.PATIENCE_S,
) -> None:
    """Change limits, settings or protection. It goes on running."""
    body = {
        "memory_mb": memory,
        "cpus": cpus,
        "eviction": eviction,
        "parameters": pairs(parameter, "--parameter") if parameter else None,
        "deletion_protection": protected,
    }
    writing.modify(CACHE, name, body, how, timeout if wait else 0)


@app.command("flush")
def flush(name: Name, yes: Yes = False) -> None:  # noqa: FBT002
    """Remove every key of one cache."""
    writing.confirm(f"Flush cache {name}? Every key is lost.", yes=yes)
    writing.carry_out(writing.Change(CACHE, f"flushing {name}", "POST", CACHE.at(name, "flush")), "name")
    output.say(f"{name} is empty", "green")


reading.add_reads(app, CACHE)
server.add_server_verbs(app, CACHE)
writing.add_tag(app, CACHE)
writing.add_end(app, CACHE, "delete", "deleted", "its keys and its volume are lost")
