"""Programs that run to their end in a container of their own, however often the controller is killed meanwhile."""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.ports import Containers, ContainerSpec

_LINES = 400
_EXCUSE = 300


@dataclass(frozen=True, slots=True)
class Job:
    """A program as it is seen. ``lines`` is what it printed; ``failure`` is None unless it ended badly."""

    is_running: bool
    lines: Sequence[str]
    failure: str | None


async def work_on(containers: Containers, spec: ContainerSpec) -> Job:
    """Have the program begun, and return how far it is. Its container stays until it is removed."""
    seen = await containers.inspect(spec.resource_id)
    if seen is None:
        seen = await containers.ensure(spec)
    if seen.state == "created":
        seen = await containers.start(spec.resource_id)
    lines = [line async for line in containers.logs(spec.resource_id, tail=_LINES)]
    said = [line.text for line in lines if line.stream == "stdout"]
    if seen.state in {"running", "paused", "restarting"}:
        return Job(is_running=True, lines=said, failure=None)
    if seen.exit_code == 0:
        return Job(is_running=False, lines=said, failure=None)
    complaint = " ".join(line.text for line in lines if line.stream == "stderr")[-_EXCUSE:].strip()
    why = complaint or f"its program ended with code {seen.exit_code}"
    return Job(is_running=False, lines=said, failure=why)
