"""References to images, as Docker's distribution project defines them: ``registry.example:5000/team/app:1.2@sha256:…``.

A reference names a repository of a registry and a tag or a digest. Ids of images and prefixes of ids are none.
"""

import re
from dataclasses import dataclass

from domain.errors import Invalid
from domain.values import must

DEFAULT_REGISTRY = "docker.io"
MAX_LENGTH = 255
"""Of the registry and the path together."""

_HOST = r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*|\[[0-9a-f:]+\])(?::[0-9]{1,5})?"
_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REFERENCE = re.compile(
    rf"(?:(?P<registry>{_HOST})/)?(?P<path>{_COMPONENT}(?:/{_COMPONENT})*)"
    r"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}))?"
)
_ID = re.compile(r"[0-9a-f]{64}|sha(?:256|384|512)")
"""What an engine reads as an id of an image where a repository without a registry could stand."""


@dataclass(frozen=True, slots=True)
class ImageReference:
    """An image in a repository; of a tag and a digest, the digest decides."""

    registry: str
    path: str
    tag: str | None
    digest: str | None

    @property
    def repository(self) -> str:
        """Registry and path. With the slash in it, no engine takes it for an id."""
        return f"{self.registry}/{self.path}"

    def __str__(self) -> str:
        """Return the full form, which names one image: ``docker.io/library/nginx:latest``."""
        return f"{self.repository}@{self.digest}" if self.digest else f"{self.repository}:{self.tag}"


def parse_reference(text: str) -> ImageReference:
    """Return the reference with the defaults filled in. Raises Invalid."""
    # The expression needs time that grows with the square of the length.
    match = _REFERENCE.fullmatch(text) if len(text) <= 2 * MAX_LENGTH + 256 else None
    if match is None or _ID.fullmatch(text.partition(":")[0].partition("@")[0]):
        raise _invalid(text)
    registry, path = match["registry"], match["path"]
    if registry is not None and not (set(".:[") & set(registry) or registry == "localhost"):
        registry, path = None, f"{registry}/{path}"
    if registry is None or registry == "index.docker.io":
        registry = DEFAULT_REGISTRY
    if registry == DEFAULT_REGISTRY and "/" not in path:
        path = f"library/{path}"
    if not re.fullmatch(rf"{_COMPONENT}(?:/{_COMPONENT})*", path) or len(path) > MAX_LENGTH:
        raise _invalid(text)
    tag = match["tag"] or (None if match["digest"] else "latest")
    return ImageReference(registry, path, tag, match["digest"])


def _invalid(text: str) -> Invalid:
    return must(
        "image",
        "be a name in lower case with an optional tag or digest, such as `nginx:1.27` or "
        "`registry.example/team/app@sha256:…`, and no id",
        text,
    )
