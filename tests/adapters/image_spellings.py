"""Every way to name an image that is known by a name and an id."""


def spellings(name: str, image_id: str) -> list[str]:
    """Return them; ``name`` is repository and tag, ``image_id`` begins with ``sha256:``."""
    repository, _, tag = name.rpartition(":")
    bare = image_id.removeprefix("sha256:")
    by_name = [
        name,
        repository,
        f"docker.io/{name}",
        f"docker.io/library/{name}",
        f"index.docker.io/library/{name}",
    ]
    by_digest = [
        f"{each}@{image_id}" for each in (repository, name, f"docker.io/library/{repository}", "hello")
    ]
    prefixes = [bare[:length] for length in (1, 4, 7, 12, 32, 63)]
    by_id = [image_id, bare, *prefixes, *(f"sha256:{prefix}" for prefix in prefixes), f"sha256@{image_id}"]
    by_prefix = [f"{prefix}:{tag}" for prefix in (bare, *prefixes)] + [f"docker.io/sha256:{bare}"]
    odd = [
        f" {name}",
        f"{name}\n",
        f"{name}\0",
        name.upper(),
        f"/{name}",
        f"{name}/",
        f"//{name}",
        f"library/{name}",
    ]
    paths = [f"../images/{name}", f"x/../{name}", f"./{name}", f"%2e%2e/images/{name}", f"../images/{bare}"]
    more = [
        f"{name}?x",
        f"{name}#x",
        f"{name}/json?x=",
        f"{name}%00",
        name.replace(":", "%3A"),
        f"{repository}::{tag}",
    ]
    return [*by_name, *by_digest, *by_id, *by_prefix, *odd, *paths, *more]
