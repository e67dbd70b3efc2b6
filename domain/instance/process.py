"""How the engine runs the program of an instance: init process, capabilities, and how it is stopped."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from domain import values
from domain.ports import OPTIONAL_CAPABILITIES, STOP_GRACE_S

Capability = Literal["AUDIT_WRITE", "IPC_LOCK", "MKNOD", "NET_RAW", "SETFCAP", "SYS_PTRACE"]
"""What may be added. None of these allows an escape from a container with its own namespaces; ``SYS_ADMIN`` would."""
StopSignal = Literal[
    "SIGHUP", "SIGINT", "SIGQUIT", "SIGKILL", "SIGUSR1", "SIGUSR2", "SIGTERM", "SIGWINCH", "SIGRTMIN+3"
]
MAX_STOP_GRACE_S = 600


@dataclass(frozen=True, slots=True)
class ProcessOptions:
    """How a program is run; ``stop_signal`` None is the image's own."""

    init: bool = True
    capabilities: Sequence[str] = ()
    stop_grace_s: int = STOP_GRACE_S
    stop_signal: str | None = None

    def check(self) -> None:
        """Raise Invalid for the first thing that can never be right."""
        for name in self.capabilities:
            values.one_of(name, get_args(Capability), "capabilities")
        values.distinct(self.capabilities, "names", "capabilities")
        values.between(self.stop_grace_s, 0, MAX_STOP_GRACE_S, "stop_grace_s")
        if self.stop_signal is not None:
            values.one_of(self.stop_signal, get_args(StopSignal), "stop_signal")

    def as_json(self) -> dict[str, Any]:
        """Return what events hold."""
        return {
            "init": self.init,
            "capabilities": list(self.capabilities),
            "stop_grace_s": self.stop_grace_s,
            "stop_signal": self.stop_signal,
        }


def before_options() -> dict[str, Any]:
    """Return what events hold of a program that was launched before there were options.

    Its container has no init process and the engine's default capabilities, and keeps them when it is replaced.
    """
    return ProcessOptions(init=False, capabilities=OPTIONAL_CAPABILITIES).as_json()
