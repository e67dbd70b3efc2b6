"""Commands with parameters that stand for several options: the fields of a body, the filters of a list."""

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from inspect import Parameter, Signature
from typing import Any

import typer
from typer.core import TyperCommand

Values = dict[str, Any]


class Group(ABC):
    """Options that together give one value. A command names it in the annotation of a parameter."""

    @abstractmethod
    def parameters(self) -> Sequence[Parameter]:
        """Return the options, as parameters that typer reads."""

    @abstractmethod
    def value(self, given: Values) -> Any:
        """Return the value. Raises typer.BadParameter when an option cannot be read."""


class Call(Group):
    """Options that are the parameters of a function; its result is the value."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    def parameters(self) -> Sequence[Parameter]:
        """Return the parameters of the function."""
        return list(inspect.signature(self._function).parameters.values())

    def value(self, given: Values) -> Any:
        """Return what the function returns."""
        return self._function(**given)


def command(
    app: typer.Typer, name: str, *, cls: type[TyperCommand] = TyperCommand, text: str | None = None
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Add a function to an app as a command; its parameters may be groups. Help text: ``text`` or its docstring."""

    def add(function: Callable[..., None]) -> Callable[..., None]:
        app.command(name, cls=cls, help=text)(_expanded(function))
        return function

    return add


def take(group: Group, given: Values) -> Any:
    """Remove the options of a group from the values that were given, and return the group's value."""
    return group.value({each.name: given.pop(each.name) for each in group.parameters()})


def _expanded(function: Callable[..., None]) -> Callable[..., None]:
    """Return a function with the options of each group in place of the group."""
    parameters: list[Parameter] = []
    groups: dict[str, Group] = {}
    for parameter in inspect.signature(function).parameters.values():
        if (group := _group(parameter)) is None:
            parameters.append(parameter)
        else:
            groups[parameter.name] = group
            parameters.extend(group.parameters())

    def run(**given: Any) -> None:
        values = {name: take(group, given) for name, group in groups.items()}
        function(**given, **values)

    run.__doc__ = function.__doc__
    keyword_only = [each.replace(kind=Parameter.KEYWORD_ONLY) for each in parameters]
    run.__dict__["__signature__"] = Signature(keyword_only)
    return run


def _group(parameter: Parameter) -> Group | None:
    metadata: tuple[Any, ...] = getattr(parameter.annotation, "__metadata__", ())
    return next((each for each in metadata if isinstance(each, Group)), None)
