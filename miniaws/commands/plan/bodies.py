"""The inputs of commands for plans, one for each type of plan."""

from typing import Annotated, Literal

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from domain.plan.scope import Filter
from miniaws.commands.body import Body, Name, Tags
from miniaws.commands.plan.manifest import KindName, ManifestResource

MOST_RESOURCES = 1000
_MOMENT = "an RFC 3339 instant or a position of the log"


class ApplyPlan(Body):
    """A plan that makes resources as a manifest describes them."""

    type: Literal["apply"] = Field(title="Type", description="kind of plan")
    manifest: list[ManifestResource] = Field(
        title="Manifest", max_length=MOST_RESOURCES, description="the resources, in any order"
    )
    set: str | None = Field(
        default=None,
        title="Set",
        max_length=63,
        description="a name for the resources of the manifest, which is kept as a tag of them",
    )
    prune: bool = Field(
        default=False,
        title="Prune",
        description="also remove resources of the same set that the manifest does not describe",
    )


class Scope(Body):
    """Which resources a plan is about: those that have all that is given; nothing given: all."""

    vpc: str | None = Field(
        default=None, title="VPC", description="name of a VPC: what is in it", examples=["shop"]
    )
    kind: KindName | None = Field(default=None, title="Kind", description="kind of the resources")
    name: str | None = Field(
        default=None, title="Name", description="name of the resources", examples=["web-1"]
    )
    tags: Tags = Field(default={}, description="tags of the resources")

    def filter(self) -> Filter:
        """Return what matches."""
        return Filter(self.vpc, self.kind, self.name, self.tags)


class RewindPlan(Body):
    """A plan that makes resources what they were at a moment."""

    type: Literal["rewind"] = Field(title="Type", description="kind of plan")
    to: str = Field(title="Moment", max_length=64, description=_MOMENT, examples=["2026-11-23T10:02:11Z"])
    data: Literal["keep", "rewind"] = Field(
        default="keep",
        title="Data",
        description="`keep`: files and rows of what exists at both moments stay as they are; `rewind`: databases "
        "go back to the moment, volumes and caches to their newest snapshot at or before it; the plan lists what "
        "cannot go back",
    )
    scope: Scope = Field(
        default=Scope(), title="Scope", description="which resources are rewound; left out: all"
    )


class UndoPlan(Body):
    """A plan that undoes what one request changed."""

    type: Literal["undo"] = Field(title="Type", description="kind of plan")
    position: int | None = Field(
        default=None,
        title="Position",
        ge=1,
        description="position of an event of the request, instead of `request`",
    )
    request: str | None = Field(
        default=None,
        title="Request",
        max_length=200,
        description="id of the request (its correlation id), instead of `position`",
    )
    force: bool = Field(
        default=False,
        title="Force",
        description="also undo fields that were changed again later",
    )


class ForkPlan(Body):
    """A plan that copies resources as they were at a moment, with their data, beside the present ones."""

    type: Literal["fork"] = Field(title="Type", description="kind of plan")
    to: str | None = Field(
        default=None, title="Moment", max_length=64, description=f"{_MOMENT}; left out: now"
    )
    name: Name = Field(
        description="name of the VPC of the fork; other names get its ending as a suffix",
        examples=["shop-debug"],
    )
    scope: Scope = Field(
        default=Scope(), title="Scope", description="which resources are copied; left out: all"
    )
    publish: dict[str, Annotated[int, Field(ge=1, le=65535)]] = Field(
        default={},
        title="Host ports",
        description="ports of the host for the copies, by those of the originals; others are not published",
        examples=[{"8081": 9081}],
    )

    @field_validator("publish")
    @classmethod
    def _refuse_what_is_no_port(cls, given: dict[str, int]) -> dict[str, int]:
        for port in given:
            if not (port.isascii() and port.isdigit() and 1 <= int(port[:6]) <= 65535):
                raise PydanticCustomError("port", "must have host ports from 1 to 65535")
        return given


class RemovePlan(Body):
    """A plan that removes resources, those that use others first; what has a trash goes there."""

    type: Literal["remove"] = Field(title="Type", description="kind of plan")
    scope: Scope = Field(title="Scope", description="which resources are removed; at least one condition")


AnyPlan = Annotated[ApplyPlan | RewindPlan | UndoPlan | ForkPlan | RemovePlan, Field(discriminator="type")]
