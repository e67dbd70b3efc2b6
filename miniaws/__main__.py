"""The program: ``cloud …`` for people; ``python -m miniaws api|controller|first-key`` for the supervisor.

Each side is imported when it is asked for: the command starts without the control plane's weight, and the other way
round.
"""

import sys


def main() -> None:
    """Run the ``cloud`` command."""
    from miniaws.cli import app  # noqa: PLC0415 - see above

    app(prog_name="cloud")


def run_part(name: str) -> int:
    """Run one process of the control plane until a termination signal; return the exit code."""
    from miniaws.bootstrap import entrypoints  # noqa: PLC0415 - see above

    return entrypoints.run_part(name)


if __name__ == "__main__":
    if len(sys.argv) == 2 and sys.argv[1] in {"api", "controller", "first-key"}:
        sys.exit(run_part(sys.argv[1]))
    main()
