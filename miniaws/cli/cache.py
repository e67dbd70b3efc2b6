"""``cloud cache``."""

from miniaws.cli import output, reading, registry, server, writing
from miniaws.cli.noun import Column, spec
from miniaws.cli.options import Name, Yes

CACHE = server.server_noun("cache", "cache", "/api/caches", Column("PERSISTENCE", spec("persistence")))

app = registry.group("cache")

writing.add_create(
    app,
    CACHE,
    "CreateCache",
    server.CREATION,
    text="Create a cache.",
    timeout_s=writing.CREATION_TIMEOUT_S,
)
writing.add_change(
    app,
    CACHE,
    "ChangeCache",
    server.CHANGE,
    text="Change limits, parameters, security groups or deletion protection while the cache runs.",
)


@app.command("flush")
def flush(name: Name, *, yes: Yes = False) -> None:
    """Delete all keys of a cache."""
    writing.confirm(f"Flush cache {name}? Every key is lost.", yes=yes)
    change = writing.Change(CACHE, f"flushing {name}", "POST", CACHE.at(name, "flush"))
    writing.carry_out(change, writing.Result("name", writing.TIMEOUT_S))
    output.say(f"{name} is empty", "green")


reading.add_reads(app, CACHE)
server.add_server_verbs(app, CACHE)
writing.add_tag(app, CACHE)
writing.add_trash(app, CACHE, "delete")
