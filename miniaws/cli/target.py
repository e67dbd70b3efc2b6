"""The cloud that the command connects to, and the API key."""

from dataclasses import dataclass, field
from pathlib import Path

from miniaws.cli import profiles
from miniaws.cli.failures import NOT_PERMITTED, USAGE, Failure
from miniaws.environment import DATA_DIR, HOST, PORT, client_url, read_profile, variable


@dataclass(frozen=True, slots=True)
class Target:
    """A cloud and an API key for it."""

    url: str
    key: str = field(repr=False)


def home() -> Path:
    """Return the data directory of this machine's cloud."""
    return Path(variable("MINIAWS_DATA_DIR") or DATA_DIR).expanduser().absolute()


def find() -> Target:
    """Return the cloud of `--profile`, of the environment, or of the profile in use. Raises Failure."""
    name = profiles.selected(home())
    known_url, known_key = profile(name)
    if profiles.OPTION.get() is not None:
        url, key = known_url, None
    else:
        url, key = (variable("MINIAWS_URL") or known_url).rstrip("/"), variable("MINIAWS_API_KEY")
    if key:
        return Target(url, key)
    if known_key is None:
        raise Failure(
            f"cannot sign in: there is no key in {home() / 'credentials'}; "
            "run `cloud up`, or set MINIAWS_URL and MINIAWS_API_KEY",
            NOT_PERMITTED,
        )
    if url != known_url:
        # A key is only sent to the cloud that issued it.
        raise Failure(
            "cannot sign in: the key of the profile is for another cloud than MINIAWS_URL; set MINIAWS_API_KEY, too",
            NOT_PERMITTED,
        )
    return Target(url, known_key)


def profile(name: str) -> tuple[str, str | None]:
    """Return the URL and the key of a profile; ``default`` is what ``cloud up`` writes. Raises Failure."""
    if name != profiles.DEFAULT:
        found = profiles.load(home()).get(name)
        return found["url"], found["key"]
    known = _credentials(home() / "credentials")
    url = known.get("MINIAWS_URL") or client_url(variable("MINIAWS_HOST") or HOST, _port())
    return url.rstrip("/"), known.get("MINIAWS_API_KEY")


def _credentials(path: Path) -> dict[str, str]:
    try:
        return read_profile(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}


def _port() -> int:
    given = variable("MINIAWS_PORT") or str(PORT)
    if not given.strip().isdecimal() or not 1 <= int(given) <= 65535:
        raise Failure("`MINIAWS_PORT` must be from 1 to 65535", USAGE)
    return int(given)
