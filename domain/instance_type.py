"""Instance types: how much CPU and memory an instance gets, really enforced by the engine."""

from dataclasses import dataclass

from domain.values import must


@dataclass(frozen=True, slots=True)
class InstanceType:
    """A size by name; ``cpus`` in cores, ``memory_mb`` in MiB."""

    name: str
    cpus: float
    memory_mb: int


INSTANCE_TYPES = {
    each.name: each
    for each in (
        InstanceType("nano", 0.25, 64),
        InstanceType("micro", 0.5, 128),
        InstanceType("small", 1, 256),
        InstanceType("medium", 1, 1024),
        InstanceType("large", 2, 2048),
    )
}


def instance_type(name: str) -> InstanceType:
    """Return the type of this name. Raises Invalid with the list of types."""
    try:
        return INSTANCE_TYPES[name]
    except KeyError:
        known = ", ".join(INSTANCE_TYPES)
        raise must("type", f"be one of {known}", name) from None
