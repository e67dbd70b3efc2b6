"""``cloud aws``: what AWS clients need in order to use this cloud."""

import os
import re
from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from miniaws.cli import output, registry, target
from miniaws.cli.connection import connected
from miniaws.cli.failures import REFUSED, USAGE, Failure
from miniaws.environment import variable

app = registry.group("aws")

Name = Annotated[str, typer.Argument(metavar="[NAME]", help="Name of the profile.")]
Region = Annotated[
    str | None, typer.Option("--region", metavar="REGION", help="Any; the cloud has no regions of its own.")
]
At = Annotated[
    str | None,
    typer.Option(
        "--at", metavar="MOMENT", help="Show the past: an RFC 3339 instant or a position of the log."
    ),
]


@app.command("env")
def env(region: Region = None, at: At = None) -> None:
    """Print what AWS clients sign with, to be evaluated by a shell. It contains a secret."""
    found = _settings(region, at)
    # Clients in Python read the one, those in other languages the other.
    found["aws_default_region"] = found["aws_region"]
    for name, value in found.items():
        typer.echo(f"export {name.upper()}={quote(value)}")


@app.command("profile")
def profile(name: Name = "miniaws", region: Region = None, at: At = None) -> None:
    """Write a profile for AWS clients, for `aws --profile NAME` or AWS_PROFILE. Others are kept as they are."""
    if not re.fullmatch(r"[A-Za-z0-9][\w.-]{0,62}", name, re.ASCII):
        raise Failure(
            "cannot write this profile: use letters, digits, hyphens, dots and _ in its name", USAGE
        )
    found = _settings(region, at)
    secrets = ("aws_access_key_id", "aws_secret_access_key")
    credentials = _file("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials")
    config = _file("AWS_CONFIG_FILE", "~/.aws/config")
    _write(credentials, name, {key: found[key] for key in secrets})
    section = "default" if name == "default" else f"profile {name}"
    _write(config, section, {"region": found["aws_region"], "endpoint_url": found["aws_endpoint_url"]})
    output.say(
        f"the profile {name} is in {credentials} and {config}; use it with AWS_PROFILE={name}", "green"
    )


def _settings(region: str | None, at: str | None) -> dict[str, str]:
    with connected(None) as client:
        found = client.read("/api/aws-credentials")
    url = target.find().url + (f"/at/{at}" if at else "")
    return {
        "aws_access_key_id": found["access_key_id"],
        "aws_secret_access_key": found["secret_access_key"],
        "aws_region": region or found["region"],
        "aws_endpoint_url": url,
    }


def _file(name: str, default: str) -> Path:
    return Path(variable(name) or default).expanduser()


def _write(path: Path, section: str, values: dict[str, str]) -> None:
    """Replace one section of a file, which only its owner may read."""
    try:
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        text = _replaced(before, section, values)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)
    except (OSError, UnicodeDecodeError) as error:
        raise Failure(f"cannot write {path}: {error}", REFUSED) from None


def _replaced(text: str, section: str, values: dict[str, str]) -> str:
    kept: list[str] = []
    is_ours = False
    for line in text.splitlines():
        if line.strip().startswith("["):
            is_ours = line.strip() == f"[{section}]"
        if not is_ours:
            kept.append(line)
    while kept and not kept[-1].strip():
        kept.pop()
    new = [f"[{section}]", *(f"{key} = {value}" for key, value in values.items())]
    return "\n".join([*kept, *([""] if kept else []), *new, ""])
