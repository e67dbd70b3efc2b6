"""A mapping of a Compose file from which keys are taken; what nobody takes is noted."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from miniaws.cli.compose.notes import Notes
from miniaws.cli.compose.source import Node
from miniaws.cli.compose.variables import Unresolved, Variables

_UNKNOWN = "miniaws has no counterpart"


@dataclass(frozen=True, slots=True)
class Conversion:
    """What all parts of one conversion share."""

    notes: Notes
    variables: Variables


@dataclass(slots=True)
class Section:
    """One mapping."""

    path: str
    node: Node
    of: Conversion
    _left: dict[str, Node] = field(init=False)

    def __post_init__(self) -> None:
        """Begin with all its keys. Whatever is no mapping is noted, and has none."""
        self._left = dict(self.node.mapping or {})
        if self.node.mapping is None:
            self.of.notes.lose(self.node.line, self.path, "it must be a mapping")

    def take(self, key: str) -> Node | None:
        """Return the value of a key, which counts as carried over; None if it is missing or null."""
        found = self._left.pop(key, None)
        return None if found is None or found.content is None else found

    def text(self, key: str) -> str | None:
        """Take a text, with its variables replaced. None if it is missing, or if it was noted as lost."""
        found = self.take(key)
        return None if found is None else self.resolved(key, found)

    def texts(self, key: str) -> list[str]:
        """Take a list of texts; those that cannot be resolved are noted."""
        found = self.take(key)
        elements = [] if found is None else found.elements
        return [text for each in elements if (text := self.resolved(key, each)) is not None]

    def parsed(self, key: str, parse: Callable[[str], object]) -> object:
        """Take a text and parse it; a ValueError is noted as the reason why it is lost."""
        found = self.take(key)
        text = None if found is None else self.resolved(key, found)
        if found is None or text is None:
            return None
        try:
            return parse(text)
        except ValueError as error:
            self.lose(key, found, str(error))
            return None

    def section(self, key: str) -> "Section | None":
        """Take a mapping."""
        found = self.take(key)
        return None if found is None else Section(f"{self.path}.{key}", found, self.of)

    def pairs(self, key: str) -> dict[str, Node]:
        """Take ``KEY=VALUE`` pairs, which may be a mapping or a list; a key alone has the value null."""
        found = self.take(key)
        if found is None:
            return {}
        if found.mapping is not None:
            return found.mapping
        texts = [(each.line, each.text) for each in found.elements if each.text is not None]
        split = [(line, *text.partition("=")) for line, text in texts]
        return {name: Node(line, value if separator else None) for line, name, separator, value in split}

    def resolved(self, key: str, node: Node) -> str | None:
        """Return a text with its variables replaced; None if it is no text or cannot be resolved, which is noted."""
        if node.text is None:
            self.lose(key, node, "it must be a text")
            return None
        try:
            return self.of.variables.resolve(node.text)
        except Unresolved as reason:
            self.lose(key, node, str(reason))
            return None

    def lose(self, key: str, node: Node, reason: str) -> None:
        """Record that a key is not carried over."""
        self.of.notes.lose(node.line, f"{self.path}.{key}".removeprefix("."), reason)

    def say(self, key: str, node: Node, sentence: str) -> None:
        """Record something about a key that is carried over."""
        self.of.notes.say(node.line, f"{self.path}.{key}", sentence)

    def close(self, reasons: Mapping[str, str] | None = None) -> None:
        """Record every key that was not taken; ``x-`` keys are extensions that Compose ignores, too."""
        for key, node in self._left.items():
            if not key.startswith("x-"):
                self.lose(key, node, (reasons or {}).get(key, _UNKNOWN))
        self._left.clear()
