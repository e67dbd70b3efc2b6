"""Programs that run to their end in a container of their own, also when the controller is killed meanwhile."""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.ports import Containers, ContainerSpec

_LINES = 400
_MAX_FAILURE = 300


@dataclass(frozen=True, slots=True)
class Job:
    """The state of a program. ``lines`` is what it printed; ``failure`` is None unless it failed."""

    is_running: bool
    lines: Sequence[str]
    failure: str | None


async def run_job(containers: Containers, spec: ContainerSpec) -> Job:
    """Start the program unless that was done, and return its state. Its container stays until it is removed."""
    container = await containers.inspect(spec.resource_id)
    if container is None:
        container = await containers.ensure(spec)
    if container.state == "created":
        container = await containers.start(spec.resource_id)
    lines = [line async for line in containers.logs(spec.resource_id, tail=_LINES)]
    printed = [line.text for line in lines if line.stream == "stdout"]
    if container.state in {"running", "paused", "restarting"}:
        return Job(is_running=True, lines=printed, failure=None)
    if container.exit_code == 0:
        return Job(is_running=False, lines=printed, failure=None)
    errors = " ".join(line.text for line in lines if line.stream == "stderr")[-_MAX_FAILURE:].strip()
    reason = errors or f"its program ended with code {container.exit_code}"
    return Job(is_running=False, lines=printed, failure=reason)
