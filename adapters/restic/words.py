"""What a task says: restic's lines of JSON, and the phases of ``task.sh`` between them."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from domain.ports import LogLine
from domain.snapshot.copies import Copied

_LONGEST = 300
_PERCENT = re.compile(r"\[[\d:]+\] +(\d+)\.\d+%")
"""How far it is, of what restic cannot say in JSON."""


@dataclass(slots=True)
class Words:
    """What was said so far. ``copied`` is there once the volumes were read as they are to be kept."""

    phase: str = ""
    percent: int | None = None
    copied: Copied | None = None
    complaint: str = ""

    def hear(self, line: LogLine) -> None:
        """Take one more line in."""
        if line.stream == "stderr":
            self._note(line.text)
            return
        if found := _PERCENT.match(line.text):
            self.percent = int(found[1])
        said = _object(line.text)
        if "phase" in said:
            self.phase, self.percent = said["phase"], None
        elif said.get("message_type") == "status":
            self.percent = int(100 * said.get("percent_done", 0))
        elif said.get("message_type") == "summary" and self.phase != "preparing":
            self.copied = Copied(
                copy_id=said["snapshot_id"],
                # A transfer says neither: they are those of what it was made from.
                files=said.get("total_files_processed", 0),
                bytes=said.get("total_bytes_processed", 0),
                added_bytes=said["data_added"],
            )

    def _note(self, text: str) -> None:
        """Keep the complaint that says most: the fatal one, or else the first."""
        text = text.strip()
        if text.startswith("Fatal:"):
            self.complaint = text.removeprefix("Fatal:").strip()[:_LONGEST]
        elif text and not self.complaint:
            self.complaint = text[:_LONGEST]


def heard(lines: Iterable[LogLine]) -> Words:
    """Return what lines say, oldest first."""
    words = Words()
    for line in lines:
        words.hear(line)
    return words


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
