"""Suggestions for commands that other clouds name differently, or that are typed with the verb first."""

from difflib import get_close_matches
from typing import Any

from typer.core import TyperGroup

_NAMES = {
    "database": ("db",),
    "load-balancer": ("lb",),
    "balancer": ("lb",),
    "scaling-group": ("asg",),
    "network": ("vpc",),
    "disk": ("volume",),
    "server": ("instance",),
    "container": ("instance",),
    "ls": ("list",),
    "ps": ("list", "status"),
    "get": ("show", "list"),
    "describe": ("show",),
    "inspect": ("show",),
    "run": ("launch",),
    "create": ("launch", "issue"),
    "rm": ("delete", "terminate", "remove", "revoke"),
    "delete": ("terminate", "remove", "revoke"),
    "update": ("change",),
    "change": ("update",),
    "edit": ("change", "update"),
    "restart": ("reboot",),
}
"""What other tools call a command, and the commands here, the likeliest first."""


def suggest(typed: list[str], known: list[str]) -> list[str]:
    """Return commands that may be meant by words of which the first is no command."""
    word = typed[0].lower()
    singular = word.removesuffix("s")
    named = [each for each in (*_NAMES.get(word, ()), *_NAMES.get(singular, ())) if each in known]
    if found := named or get_close_matches(word, known):
        return found
    if len(typed) > 1:
        noun = typed[1].lower()
        nouns = [noun] if noun in known else suggest([noun], known)
        return [f"{nouns[0]} {word}"] if nouns else []
    return []


class SuggestingGroup(TyperGroup):
    """A group that suggests a command in place of one that does not exist."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the command. Raises UsageError with a suggestion."""
        is_command = not args or args[0].startswith("-") or args[0] in self.commands
        if not is_command and not ctx.resilient_parsing:
            # Only nouns can follow a verb, and only the outermost group consists of nouns.
            typed = args[:1] if ctx.parent else args
            matches = suggest(typed, list(self.commands))
            if matches:
                ctx.fail(f"No such command {args[0]!r}. Did you mean {', '.join(map(repr, matches))}?")
        return super().resolve_command(ctx, args)
