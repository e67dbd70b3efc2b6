"""The file system of a container, kept as an image while the container is replaced."""

import json
from collections.abc import Mapping
from typing import Any

from docker import APIClient
from docker.errors import APIError, ImageNotFound

from adapters.docker.creation import IMAGE_LABEL, UNSET_LABEL
from adapters.docker.engine import CONFLICT, DockerEngine, Json
from domain.ports import ContainerSpec


def keep(api: APIClient, engine: DockerEngine, old: Json, spec: ContainerSpec) -> str:
    """Save the files of a stopped container; returns the image's name. Repeating it saves them again."""
    config, labels = _plain_config(api, old)
    labels |= engine.labels("instance", spec.resource_id, spec.account_id, spec.generation)
    config["Labels"] = labels | {IMAGE_LABEL: spec.image}
    repository, tag = engine.name(spec.resource_id), str(spec.generation)
    api.commit(old["Id"], repository, tag, conf=config)
    return f"{repository}:{tag}"


def kept(api: APIClient, engine: DockerEngine, spec: ContainerSpec) -> str | None:
    """Return the newest image that holds files of this container, if they began with the same image."""
    filters = engine.only("instance", spec.resource_id)
    filters["label"].append(f"{IMAGE_LABEL}={spec.image}")
    prefix = f"{engine.name(spec.resource_id)}:"
    tags: list[str] = [tag for image in api.images(filters=filters) for tag in image["RepoTags"] or []]
    own = [tag for tag in tags if tag.startswith(prefix)]
    newest = max((int(tag.removeprefix(prefix)) for tag in own), default=None)
    return None if newest is None else f"{prefix}{newest}"


def forget(api: APIClient, engine: DockerEngine, resource_id: str, besides: str | None = None) -> None:
    """Remove the images that hold files of this container, but those that began with ``besides``."""
    # An image is refused while another one builds on it: each pass removes the outermost ones.
    while images := _images(api, engine, resource_id, besides):
        # A list, since every image has its try.
        removed = [_removed(api, image) for image in images]
        if not any(removed):
            return


def _images(api: APIClient, engine: DockerEngine, resource_id: str, besides: str | None) -> list[str]:
    images: list[Json] = api.images(filters=engine.only("instance", resource_id))
    images = [image for image in images if image["Labels"].get(IMAGE_LABEL) != besides]
    return [image["Id"] for image in sorted(images, key=lambda image: image["Created"], reverse=True)]


def _removed(api: APIClient, image: str) -> bool:
    try:
        api.remove_image(image, force=True)
    except ImageNotFound:
        return True
    except APIError as error:
        if error.status_code != CONFLICT:
            raise
        return False
    return True


def _plain_config(api: APIClient, old: Json) -> tuple[Json, dict[str, str]]:
    """Return the settings and labels of the image the container began with.

    Without this a commit would write the container's own command and its secret variables into the image.
    A commit cannot leave a variable out, so those of the specification become empty, and are listed.
    """
    config: Json = dict(api.inspect_image(old["Image"])["Config"])
    labels: dict[str, str] = dict(config.get("Labels") or {})
    unset: set[str] = set(json.loads(labels.get(UNSET_LABEL, "[]")))
    own = [entry for entry in config.get("Env") or [] if _name(entry) not in unset]
    container: Mapping[str, Any] = old["Config"]
    unset |= {_name(entry) for entry in container.get("Env") or []} - {_name(entry) for entry in own}
    config["Env"] = own + [f"{name}=" for name in sorted(unset)]
    labels[UNSET_LABEL] = json.dumps(sorted(unset))
    return config, labels


def _name(entry: str) -> str:
    return entry.split("=", 1)[0]
