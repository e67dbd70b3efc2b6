"""A plan as people read it: one line for each resource, what changes below it, and a total."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from rich.table import Table
from rich.text import Text

from miniaws.cli.noun import Document

_SIGNS = {
    "create": ("+", "green"),
    "restore": ("+", "green"),
    "change": ("~", "yellow"),
    "start": ("~", "yellow"),
    "stop": ("~", "yellow"),
    "replace": ("±", "magenta"),
    "swap": ("±", "magenta"),
    "trash": ("-", "red"),
    "delete": ("-", "red"),
    "cannot": ("!", "red"),
}
_STATUSES = {"completed": "green", "failed": "red", "skipped": "dim", "started": "cyan", "pending": "dim"}
_LONGEST = 100
NOTHING = "nothing to do: everything is as it should be"


def drawn(plan: Document) -> Table:
    """Return a plan with all its steps."""
    found = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    found.add_column(overflow="fold")
    for line in _lines(plan):
        found.add_row(line)
    return found


def total(plan: Document) -> str:
    """Return how many resources are created, changed, removed, as a sentence."""
    counts = Counter(action for action, _, _ in dict.fromkeys(_about(step) for step in _steps(plan)))
    remaining = counts.pop("cannot", 0)
    said = ", ".join(f"{count} to {action}" for action, count in counts.items()) or NOTHING
    return said if not remaining else f"{said}; {remaining} cannot be done"


def progress(plan: Document) -> str:
    """Return how far a plan is, as a sentence."""
    counts: Mapping[str, int] = plan["observed"]["progress"]
    started = [each["resource"]["name"] for each in _steps(plan) if each["status"] == "started"]
    done = counts.get("completed", 0)
    waiting = f", waiting for {', '.join(started)}" if started else ""
    return f"{done} of {sum(counts.values())} steps completed{waiting}"


def _lines(plan: Document) -> Iterator[Text]:
    seen: set[tuple[str, str, str]] = set()
    is_proposed = plan["status"] == "proposed"
    for step in _steps(plan):
        # Of a replacement, the removal says what changes; the creation would only repeat it.
        repeated = step["action"] == "replace" and _about(step) in seen
        seen.add(_about(step))
        if not (repeated and is_proposed):
            yield _head(step, is_proposed=is_proposed)
            yield from ([] if repeated else _changes(step))


def _head(step: Document, *, is_proposed: bool) -> Text:
    sign, colour = _SIGNS[step["action"]]
    resource = step["resource"]
    line = Text(f"{sign} ", colour)
    line.append(f"{resource['kind'].replace('_', ' ')} {resource['name']}", "bold")
    line.append(f"  {step['action']}", colour)
    if not is_proposed and step["action"] != "cannot":
        line.append(f"  {step['status']}", _STATUSES[step["status"]])
    return line


def _changes(step: Document) -> Iterator[Text]:
    before, after = step["before"] or {}, step["after"] or {}
    is_removal = step["after"] is None and step["action"] == "replace"
    if (
        # What a swap leads to is said by what becomes of its data.
        step["action"] in {"change", "replace", "cannot"} and step["before"] is not None and not is_removal
    ):
        for name in {**before, **after}:
            yield Text(f"    {name}: {_value(before.get(name))} -> {_value(after.get(name))}")
    elif step["action"] == "create":
        for name, value in after.items():
            if value not in (None, "", [], {}):
                yield Text(f"    {name}: {_value(value)}", "dim")
    if step["data"]:
        yield Text(f"    data: {step['data']}", "yellow")
    if step["reason"]:
        yield Text(f"    {step['reason']}", "red" if step["action"] == "cannot" else "")


def _value(value: Any) -> str:
    if value == {"use_previous_value": True}:
        return "(unchanged)"
    if value == {"new_value": True}:
        return "(secret)"
    if value == {"other_value": True}:
        return "(another value)"
    text = value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False)
    shown = "".join(each if each.isprintable() else "?" for each in text)
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}…"


def _steps(plan: Document) -> list[Document]:
    return plan["observed"]["steps"]


def _about(step: Document) -> tuple[str, str, str]:
    return step["action"], step["resource"]["kind"], step["resource"]["name"]
