"""The file system of a container, preserved as an image while the container is replaced.

These images build on each other: each holds the changes of one generation. When there are many, the
whole file system is copied into one. The engine stores the container's configuration with an image, including its
variables; it can only be removed with the image.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from docker import APIClient
from docker.errors import APIError, ImageNotFound, NotFound

from adapters.docker.creation import IMAGE_LABEL, UNSET_LABEL
from adapters.docker.engine import CONFLICT, DockerEngine, Json
from domain.ports import ContainerSpec

DEEPEST = 40
"""Number of layers at which they are flattened; the engine's limit is about 125."""


def keep(api: APIClient, engine: DockerEngine, old: Json, spec: ContainerSpec, deepest: int = DEEPEST) -> str:
    """Save the files of a stopped container, and return the image's name. A repeated call saves them again."""
    config, labels = _plain_config(api, old)
    labels |= engine.labels(spec.kind, spec.resource_id, spec.account_id, spec.generation)
    config["Labels"] = labels | {IMAGE_LABEL: spec.image}
    repository, tag = engine.name(spec.resource_id), str(spec.generation)
    if len(api.inspect_image(old["Image"])["RootFS"]["Layers"]) < deepest:
        api.commit(old["Id"], repository, tag, conf=config)
    else:
        flat = _flattened(api, engine, old["Id"], spec)
        api.commit(flat, repository, tag, conf=config)
        api.remove_container(flat)
    return f"{repository}:{tag}"


def kept(api: APIClient, engine: DockerEngine, spec: ContainerSpec) -> str | None:
    """Return the newest image with the files of this container, if it is based on the same image."""
    filters = engine.only(resource_id=spec.resource_id)
    filters["label"].append(f"{IMAGE_LABEL}={spec.image}")
    prefix = f"{engine.name(spec.resource_id)}:"
    tags: list[str] = [tag for image in api.images(filters=filters) for tag in image["RepoTags"] or []]
    own = [tag.removeprefix(prefix) for tag in tags if tag.startswith(prefix)]
    newest = max((int(tag) for tag in own if tag.isascii() and tag.isdigit()), default=None)
    return None if newest is None else f"{prefix}{newest}"


def forget(api: APIClient, engine: DockerEngine, resource_id: str, besides: str | None = None) -> None:
    """Remove the images with files of this container that are no longer needed.

    Images based on ``besides`` stay, and those from which a container was created.
    """
    # An image cannot be removed while another one is based on it: each pass removes the outermost ones.
    while images := _images(api, engine, resource_id, besides):
        # A list, so that every image is tried.
        removed = [_removed(api, image) for image in images]
        if not any(removed):
            return


def _images(api: APIClient, engine: DockerEngine, resource_id: str, besides: str | None) -> list[str]:
    images: list[Json] = api.images(filters=engine.only(resource_id=resource_id))
    if besides:
        images = [image for image in images if image["Labels"].get(IMAGE_LABEL) != besides]
    return [image["Id"] for image in sorted(images, key=lambda image: image["Created"], reverse=True)]


def _removed(api: APIClient, image: str) -> bool:
    try:
        api.remove_image(image)
    except ImageNotFound:
        return True
    except APIError as error:
        if error.status_code != CONFLICT:
            raise
        return False
    return True


def _flattened(api: APIClient, engine: DockerEngine, container_id: str, spec: ContainerSpec) -> str:
    """Return a container, not started, with the same files in a single layer."""
    name = engine.name(spec.resource_id)
    labels = engine.labels(spec.kind, spec.resource_id, spec.account_id, 0)
    changes = [f"LABEL {label}={value}" for label, value in labels.items()]
    api.import_image_from_stream(api.export(container_id), name, "flat", changes=changes)
    with suppress(NotFound):
        api.remove_container(f"{name}.flat")  # of an interrupted attempt
    config: Json = {"Image": f"{name}:flat", "Cmd": ["never"], "Labels": labels}
    return api.create_container_from_config(config, f"{name}.flat")["Id"]


def _plain_config(api: APIClient, old: Json) -> tuple[Json, dict[str, str]]:
    """Return the settings and labels of the image that the container was created from.

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
