"""``cloud db shell``: the engine's own client, signed in, without the password in any list of processes."""

import os
import shutil
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
        """Open psql or mariadb, signed in: `cloud db shell orders -- -c "SELECT 1"`. It takes what follows `--`."""
        with connected() as client:
            found = client.read(noun.at(name, "connection"))
        program, arguments, variables = client_of(found)
        if (path := shutil.which(program)) is None:
            raise Failure(f"cannot find {program} on this machine: install {_PACKAGES[program]}")
        inherited = os.environ  # noqa: TID251 - the client's, not ours
        os.execve(path, [program, *arguments, *program_of(ctx)], inherited | variables)  # noqa: S606


def client_of(found: Connection) -> tuple[str, list[str], dict[str, str]]:
    """Return the client of a connection's engine, its arguments, and the variables that keep the password."""
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
