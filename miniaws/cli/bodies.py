"""Options for the fields of request bodies, from their schemas in the OpenAPI document.

Help text, bounds, choices and default of an option come from ``bodies.json``, which ``scripts/reference`` writes.
"""

import json
import pkgutil
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cache
from inspect import Parameter
from typing import Annotated, Any, Literal

import typer

from miniaws.cli.noun import Document
from miniaws.cli.options import pairs
from miniaws.cli.parameters import Call, Group, Values, take

Schema = dict[str, Any]

_TYPES: dict[str, Any] = {"integer": int, "number": float, "string": str, "boolean": bool}
_UNITS = {"mb": "MIB", "gb": "GIB", "s": "SECONDS"}
_METAVARS = {"integer": "N", "number": "N", "object": "KEY=VALUE"}
_annotated: Any = Annotated
_literal: Any = Literal
"""Not visible to type checkers as special forms, since their arguments are known at run time only."""


@dataclass(frozen=True, slots=True)
class Option:
    """What the schema of a field does not say about its option; None means: as the schema says."""

    names: str = ""
    """Separated by spaces, e.g. ``--publish -p``. Default: the name of the field without its unit."""
    metavar: str | None = None
    help: str | None = None
    default: Any = None
    is_unset: bool = False
    """The schema's default does not apply: the command computes a value when none is given."""
    minimum: float | None = None
    choices: tuple[str, ...] | None = None
    parse: Callable[[Any], Any] | None = None
    """Returns the value of the field from what is given, or raises ValueError with the reason."""
    is_argument: bool = False


class Body(Group):
    """The fields of a body as options. Fields that are not given are left out of the body."""

    def __init__(
        self,
        name: str,
        options: Mapping[str, Option | Callable[..., Any]] | None = None,
        *,
        without: Collection[str] = (),
    ) -> None:
        self._fields: dict[str, Group] = {}
        self._add(_schemas()[name], "", options or {}, without)
        if unknown := set(options or {}) - set(self._fields):
            raise ValueError(f"the body {name} has no field {', '.join(sorted(unknown))}")

    def parameters(self) -> list[Parameter]:
        """Return the options of all fields, those that are required first."""
        found = [each for group in self._fields.values() for each in group.parameters()]
        return sorted(found, key=lambda each: each.default is not Parameter.empty)

    def value(self, given: Values) -> Document:
        """Return the body."""
        body: Document = {}
        for path, group in self._fields.items():
            if (value := take(group, given)) is not None:
                *outer, name = path.split(".")
                target = body
                for each in outer:
                    target = target.setdefault(each, {})
                target[name] = value
        return body

    def _add(
        self,
        fields: dict[str, Schema],
        prefix: str,
        options: Mapping[str, Option | Callable[..., Any]],
        without: Collection[str],
    ) -> None:
        for name, schema in fields.items():
            path = prefix + name
            option = options.get(path)
            if path in without:
                continue
            if "const" in schema:
                self._fields[path] = _Constant(schema["const"])
            elif isinstance(option, Callable):
                self._fields[path] = Call(option)
            elif option is None and "properties" in schema:
                self._add(schema["properties"], f"{path}.", options, without)
            else:
                self._fields[path] = _Field(path, schema, option or Option())


class _Constant(Group):
    """A field with one possible value, which needs no option."""

    def __init__(self, constant: Any) -> None:
        self._constant = constant

    def parameters(self) -> list[Parameter]:
        """Return no option."""
        return []

    def value(self, given: Values) -> Any:
        """Return the one value."""
        del given
        return self._constant


class _Field(Group):
    """One field as one option or argument."""

    def __init__(self, path: str, schema: Schema, option: Option) -> None:
        is_object = "properties" in schema or schema.get("items") == {}
        if is_object and option.parse is None:
            raise ValueError(f"the field {path} is an object: say how it is parsed")
        self._name = f"field_{path.replace('.', '_')}"
        self._schema = schema
        self._option = option
        self._is_pairs = schema["type"] == "object" and "properties" not in schema
        self._is_list = schema["type"] == "array" or self._is_pairs
        word, _, unit = path.rpartition(".")[2].rpartition("_")
        if unit not in _UNITS:
            word, unit = path.rpartition(".")[2], ""
        self._word = (word.removesuffix("s") if self._is_list else word).replace("_", "-")
        self._metavar = _UNITS.get(unit) or _METAVARS.get(schema["type"]) or self._word.upper()

    def parameters(self) -> list[Parameter]:
        """Return the option or the argument."""
        annotation = _annotated[self._type(), self._info()]
        return [Parameter(self._name, Parameter.KEYWORD_ONLY, default=self._default(), annotation=annotation)]

    def value(self, given: Values) -> Any:
        """Return the value of the field, or None when it is not given."""
        value = given[self._name]
        if value is None or value == []:
            return None
        if self._is_pairs:
            return pairs(value, self._names()[0])
        try:
            return self._option.parse(value) if self._option.parse else value
        except ValueError as error:
            raise typer.BadParameter(str(error), param_hint=self._names()[0]) from None

    def _names(self) -> list[str]:
        if self._option.names:
            return self._option.names.split()
        has_two = self._schema["type"] == "boolean" and self._schema.get("default") is not False
        return [f"--{self._word}/--no-{self._word}" if has_two else f"--{self._word}"]

    def _choices(self) -> tuple[str, ...]:
        if self._option.choices or self._option.parse:
            return self._option.choices or ()
        return tuple(self._schema.get("enum") or self._schema.get("items", {}).get("enum") or ())

    def _type(self) -> Any:
        kind: Any = _TYPES.get(self._schema["type"], str)
        if self._is_list:
            kind = list[str]
        elif choices := self._choices():
            kind = _literal[choices]
        return kind if self._default() is Parameter.empty or self._default() is not None else kind | None

    def _default(self) -> Any:
        if self._option.default is not None or self._option.is_unset:
            return self._option.default
        if "properties" in self._schema:
            return None
        return Parameter.empty if self._schema.get("required") else self._schema.get("default")

    def _info(self) -> Any:
        about: dict[str, Any] = {"help": self._help()}
        if self._is_list:  # typer has no lists of choices
            about["metavar"] = self._option.metavar or "|".join(self._choices()) or self._metavar
        elif not self._choices() and self._schema["type"] != "boolean":
            about["metavar"] = self._option.metavar or self._metavar
        if self._schema["type"] in {"integer", "number"}:
            minimum = self._option.minimum
            about["min"] = self._schema.get("minimum") if minimum is None else minimum
            about["max"] = self._schema.get("maximum")
        if self._option.is_argument:
            return typer.Argument(**about, show_default=False)
        return typer.Option(*self._names(), **about)

    def _help(self) -> str:
        text = self._option.help or _sentence(self._schema.get("help", ""))
        has_example = "example" in self._schema and not self._choices() and self._option.default is None
        if has_example and self._option.help is None:
            text += f" E.g. {self._schema['example']}."
        return f"{text} Repeat for more.".strip() if self._is_list else text.strip()


def _sentence(text: str) -> str:
    """Return a description as sentences: ``the network; left out: none`` is ``The network. Default: none.``."""
    words, _, default = text.rpartition("left out: ") if "left out: " in text else (text, "", "")
    parts = [words.rstrip("; "), f"default: {default}" if default else ""]
    return " ".join(f"{part[0].upper()}{part[1:]}".rstrip(".") + "." for part in parts if part)


@cache
def _schemas() -> dict[str, dict[str, Schema]]:
    return json.loads(pkgutil.get_data("miniaws.cli", "bodies.json") or b"")
