"""``cloud config``: profiles for several clouds."""

import re
import sys
from typing import Annotated

import typer

from miniaws.cli import output, profiles, registry, target
from miniaws.cli.failures import USAGE, Failure
from miniaws.cli.noun import Column, Document
from miniaws.cli.options import Output

app = registry.group("config")

Profile = Annotated[str, typer.Argument(metavar="PROFILE", help="Name of the profile.", show_default=False)]
OneProfile = Annotated[
    str | None, typer.Argument(metavar="PROFILE", help="Default: the profile in use.", show_default=False)
]
Url = Annotated[
    str, typer.Option("--url", metavar="URL", help="E.g. https://cloud.example.", show_default=False)
]
_COLUMNS = (
    Column("CURRENT", lambda row: "*" if row["is_current"] else ""),
    Column("NAME", lambda row: row["name"]),
    Column("URL", lambda row: row["url"]),
)


@app.command("list")
def list_(how: Output = "table") -> None:
    """List the profiles. Keys are not shown."""
    names = [profiles.DEFAULT, *profiles.load(target.home()).clouds]
    rows = [_shown(name) for name in names]
    output.write(how, rows, lambda: output.table(_COLUMNS, rows), names)


@app.command("show")
def show(profile: OneProfile = None, how: Output = "table") -> None:
    """Show a profile without its key."""
    found = _shown(profile or profiles.selected(target.home()))
    output.write(how, found, lambda: output.details(found), [found["name"]])


@app.command("use")
def use(profile: Profile) -> None:
    """Use a profile from now on, unless `--profile` or MINIAWS_PROFILE names another one."""
    known = profiles.load(target.home())
    if profile != profiles.DEFAULT:
        known.get(profile)
    known.current = profile
    profiles.save(target.home(), known)
    output.say(f"the current profile is {profile}", "green")


@app.command("set")
def set_(profile: Profile, url: Url) -> None:
    """Create or change a profile. Its API key is asked for, or read from stdin: arguments are visible to others."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,62}", profile) or profile == profiles.DEFAULT:
        raise Failure(
            "`PROFILE` must have 1 to 63 lower-case letters, digits and hyphens, and be another than `default`, which "
            f"`cloud up` writes; not {profile!r}",
            USAGE,
        )
    if not re.fullmatch(r"https?://[^@/\s]+(/\S*)?", url):
        raise Failure("`URL` must be a URL without a user, e.g. https://cloud.example", USAGE)
    on_terminal = sys.stdin.isatty()
    key = typer.prompt("API key", hide_input=True, err=True) if on_terminal else sys.stdin.readline().strip()
    if not re.fullmatch(r"[\x21-\x7e]+", key):
        raise Failure("the API key must have one or more visible ASCII characters", USAGE)
    known = profiles.load(target.home())
    known.clouds[profile] = {"url": url.rstrip("/"), "key": key}
    profiles.save(target.home(), known)
    output.say(f"the profile {profile} is saved; use it with `cloud config use {profile}`", "green")


@app.command("remove")
def remove(profile: Profile) -> None:
    """Remove a profile. The key itself stays valid: see `cloud key revoke`."""
    known = profiles.load(target.home())
    known.get(profile)
    del known.clouds[profile]
    if known.current == profile:
        known.current = profiles.DEFAULT
    profiles.save(target.home(), known)
    output.say(f"the profile {profile} is removed; the current one is {known.current}", "green")


def _shown(name: str) -> Document:
    url, key = target.profile(name)
    is_current = name == profiles.selected(target.home())
    return {"name": name, "url": url, "has_key": key is not None, "is_current": is_current}
