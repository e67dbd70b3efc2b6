"""What a person has to know about a conversion: what was left out, and what is to be done."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, order=True)
class Note:
    """A sentence about a line of the file."""

    line: int
    path: str
    """The key, such as ``services.web.build``."""
    sentence: str
    is_lost: bool
    """Whether the key is not in the manifest."""

    def __str__(self) -> str:
        """Return it without the name of the file."""
        return f"{self.path}: {'not carried over: ' if self.is_lost else ''}{self.sentence}"


@dataclass(slots=True)
class Notes:
    """The notes of one conversion."""

    found: list[Note] = field(default_factory=list[Note])

    def lose(self, line: int, path: str, reason: str) -> None:
        """Record a key that was left out."""
        self.found.append(Note(line, path, reason, is_lost=True))

    def say(self, line: int, path: str, sentence: str) -> None:
        """Record something that the user should do or know."""
        self.found.append(Note(line, path, sentence, is_lost=False))
