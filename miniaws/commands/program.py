"""How the program of an instance is run: fields of a launch and of a change."""

from typing import Annotated, Any

from pydantic import Field

from domain.instance import ProcessOptions
from domain.instance.process import MAX_STOP_GRACE_S, Capability, StopSignal
from domain.instance.spec import RestartPolicy
from domain.ports import STOP_GRACE_S
from miniaws.commands.body import Body, Change

_INIT = "run the program under an init process, which reaps orphaned children and forwards signals"
_CAPABILITIES = (
    "Linux capabilities to add; without them, a program that is root has fewer than Docker's default"
)
_GRACE = "seconds that the program has to end after the stop signal, before it is killed"
_SIGNAL = "signal that stops the program; left out: that of the image, usually SIGTERM"

Image = Annotated[
    str,
    Field(
        title="Image",
        description="a reference: a name with a tag or digest",
        examples=["miniaws/hello:local"],
    ),
]
TypeName = Annotated[str, Field(title="Type", description="one of GET /api/instance-types")]
Command = Annotated[list[str], Field(title="Program and arguments", description="left out: the image's own")]
Environment = Annotated[
    dict[str, str],
    Field(
        title="Environment variables",
        repr=False,
        description="stored encrypted; only names are shown",
    ),
]
Restart = Annotated[
    RestartPolicy,
    Field(title="Restart policy", description="whether a program that has ended is started again"),
]


class WithProcess(Body):
    """Options of a program that is launched."""

    init: bool = Field(default=True, title="Init process", description=_INIT)
    capabilities: list[Capability] = Field(
        default=[],
        title="Added capabilities",
        max_length=20,
        description=_CAPABILITIES,
        examples=[["NET_RAW"]],
    )
    stop_grace_s: int = Field(
        default=STOP_GRACE_S, title="Stop grace period (s)", ge=0, le=MAX_STOP_GRACE_S, description=_GRACE
    )
    stop_signal: StopSignal | None = Field(
        default=None, title="Stop signal", description=_SIGNAL, examples=["SIGQUIT"]
    )

    def process(self) -> ProcessOptions:
        """Return the options as the domain takes them."""
        return ProcessOptions(self.init, self.capabilities, self.stop_grace_s, self.stop_signal)


class ChangesProcess(Change):
    """Options that are left out stay as they are."""

    init: bool | None = Field(default=None, title="Init process", description=_INIT)
    capabilities: list[Capability] | None = Field(
        default=None, title="Added capabilities", max_length=20, description=_CAPABILITIES
    )
    stop_grace_s: int | None = Field(
        default=None, title="Stop grace period (s)", ge=0, le=MAX_STOP_GRACE_S, description=_GRACE
    )
    stop_signal: StopSignal | None = Field(
        default=None,
        title="Stop signal",
        description="the signal that ends the program; left out: unchanged",
        examples=["SIGQUIT"],
    )

    def process_changes(self) -> dict[str, Any]:
        """Return the options that are given."""
        fields = {"init", "capabilities", "stop_grace_s", "stop_signal"}
        return self.model_dump(include=fields, exclude_none=True)
