"""Images on the engine, and which of them containers may be created from."""

from docker import APIClient
from docker.errors import NotFound

from domain import image_reference
from domain.errors import ImageMissing, Invalid
from domain.image_reference import ImageReference

CLOUD_LABEL = "miniaws.cloud"
"""Label of every object of a cloud; its value is the cloud's name."""


def reference_of(image: str) -> ImageReference:
    """Return the parsed reference. Raises ImageMissing when the text is not a reference, such as an id."""
    try:
        return image_reference.parse_reference(image)
    except Invalid as error:
        raise ImageMissing(str(error)) from None


def find(api: APIClient, image: str) -> str | None:
    """Return the name of an image on the engine, or None.

    The name is the reference's full form, which the engine never takes for an id. Raises ImageMissing when the image
    holds the preserved files of a resource of any cloud on this engine: nothing else is ever created from it. The
    message does not reveal that the image exists.
    """
    name = str(reference_of(image))
    try:
        config = api.inspect_image(name)["Config"] or {}
    except NotFound:
        return None
    if CLOUD_LABEL in (config.get("Labels") or {}):
        raise ImageMissing(f"cannot find the image {image}: it does not exist on this host; check its name")
    return name
