"""The base of all command inputs, and the fields that several of them have.

An input is the body of its request, too: HTTP checks it against the same model. The title and the description of a
field are the only ones there are: the OpenAPI document, the options of the CLI and the forms of the console show them.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any, ClassVar, Self, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from domain import moments
from domain.volume import MAX_SIZE_GB


class Body(BaseModel):
    """An input that refuses unknown fields, values of another type and text that cannot be stored."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, hide_input_in_errors=True, allow_inf_nan=False
    )

    MAY_BE_EMPTY: ClassVar[frozenset[str]] = frozenset()
    """Optional texts for which an empty text means something else than leaving it out."""

    @model_validator(mode="before")
    @classmethod
    def _refuse_unstorable(cls, given: Any) -> Any:
        for where, what in _unstorable(given):
            raise PydanticCustomError(
                "unstorable_text", "must not hold {what}; remove it", {"what": what, "where": where}
            )
        return given

    @model_validator(mode="after")
    def _refuse_empty(self) -> Self:
        for name, field in type(self).model_fields.items():
            if (
                field.annotation == (str | None)
                and getattr(self, name) == ""
                and name not in self.MAY_BE_EMPTY
            ):
                raise PydanticCustomError(
                    "empty_text",
                    "must not be empty; leave it out, or give a value",
                    {"where": (field.alias or name,)},
                )
        return self


class Change(Body):
    """What can be changed of a resource. Every field may be left out, and is unchanged then; not all of them."""

    @model_validator(mode="after")
    def _refuse_nothing(self) -> Self:
        fields = type(self).model_fields
        if all(getattr(self, name) is None for name in fields):
            names = [f"`{field.alias or name}`" for name, field in fields.items()]
            raise PydanticCustomError(
                "no_change",
                "must have {fields}",
                {"fields": f"at least one of {', '.join(names)}" if len(names) > 1 else names[0]},
            )
        return self


def _unstorable(value: Any, *where: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield what no column of text can hold, and where it is: NUL, and half of a surrogate pair."""
    if isinstance(value, str):
        if "\0" in value:
            yield where, "a NUL character"
        elif not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
            yield where, "half of a surrogate pair"
    elif isinstance(value, dict):
        for key, each in cast("dict[str, Any]", value).items():
            yield from _unstorable(key, *where)
            yield from _unstorable(each, *where, key)
    elif isinstance(value, list):
        for index, each in enumerate(cast("list[Any]", value)):
            yield from _unstorable(each, *where, str(index))


def _instant(given: Any) -> datetime:
    if isinstance(given, datetime):
        return given
    found = moments.instant(given) if isinstance(given, str) else None
    if found is None:
        raise PydanticCustomError("instant", f"must be {moments.FORM}")
    return found


Instant = Annotated[
    datetime, BeforeValidator(_instant), WithJsonSchema({"type": "string", "format": "date-time"})
]
"""An instant in UTC."""

Name = Annotated[
    str,
    Field(title="Name", description="1 to 63 lower-case letters, digits and hyphens; unique for its kind"),
]
HostName = Annotated[
    str,
    Field(
        title="Name",
        description="1 to 63 lower-case letters, digits and hyphens; unique for its kind; its host name in its VPC",
    ),
]
Tags = Annotated[
    dict[str, str],
    Field(title="Tags", description="keys and values to filter by", examples=[{"env": "test"}]),
]
NewTags = Annotated[
    dict[str, str] | None,
    Field(title="Tags", description="the complete new tags; left out: unchanged"),
]
VpcName = Annotated[str, Field(title="VPC", description="id or name")]
SubnetName = Annotated[
    str,
    Field(title="Subnet", description="id or name of a subnet of the VPC, which the address is from"),
]
SecurityGroups = Annotated[
    list[str],
    Field(
        title="Security groups",
        description="ids or names of 1 to 5 groups of the VPC, whose rules say what may connect to it and from it",
        examples=[["default"]],
    ),
]
NewSecurityGroups = Annotated[
    list[str] | None,
    Field(title="Security groups", description="all of its groups, 1 to 5; left out: unchanged"),
]
Publish = Annotated[
    int | None,
    Field(
        title="Host port",
        ge=1,
        le=65535,
        description="host port on which it is published; left out: private",
    ),
]
StorageGb = Annotated[
    int | None,
    Field(
        title="Storage (GiB)",
        ge=1,
        le=MAX_SIZE_GB,
        description="size limit of its volume in GiB; left out: no limit",
    ),
]
DeletionProtection = Annotated[bool, Field(title="Deletion protection", description="refuse to delete it")]
NewDeletionProtection = Annotated[
    bool | None,
    Field(title="Deletion protection", description="refuse to delete it; left out: unchanged"),
]
