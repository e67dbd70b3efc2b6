"""The output of a task: restic's JSON lines, and the phases of ``task.sh``."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from domain.ports import LogLine
from domain.snapshot.copies import CopyResult

_LONGEST = 300
_PERCENT = re.compile(r"\[[\d:]+\] +(\d+)\.\d+%")
"""The progress of operations for which restic has no JSON output."""


@dataclass(slots=True)
class TaskMessages:
    """The messages so far. ``copied`` is set when the volumes were read completely."""

    phase: str = ""
    percent: int | None = None
    copied: CopyResult | None = None
    error: str = ""

    def add(self, line: LogLine) -> None:
        """Add one line."""
        if line.stream == "stderr":
            self._add_error(line.text)
            return
        if found := _PERCENT.match(line.text):
            self.percent = int(found[1])
        fields = _object(line.text)
        if "phase" in fields:
            self.phase, self.percent = fields["phase"], None
        elif fields.get("message_type") == "status":
            self.percent = int(100 * fields.get("percent_done", 0))
        elif fields.get("message_type") == "summary" and self.phase != "preparing":
            self.copied = CopyResult(
                copy_id=fields["snapshot_id"],
                # A transfer reports neither: they are the same as in its source.
                files=fields.get("total_files_processed", 0),
                bytes=fields.get("total_bytes_processed", 0),
                added_bytes=fields["data_added"],
            )

    def _add_error(self, text: str) -> None:
        """Keep the most informative error: the fatal one, or else the first."""
        text = text.strip()
        if text.startswith("Fatal:"):
            self.error = text.removeprefix("Fatal:").strip()[:_LONGEST]
        elif text and not self.error:
            self.error = text[:_LONGEST]


def messages_in(lines: Iterable[LogLine]) -> TaskMessages:
    """Return the messages in lines, oldest first."""
    messages = TaskMessages()
    for line in lines:
        messages.add(line)
    return messages


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
