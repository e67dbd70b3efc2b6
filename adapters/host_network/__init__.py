"""Programs that look at or change the network of the engine's host."""

from adapters.host_network.commands import HostCommands
from adapters.host_network.container import IMAGE, HostContainer

__all__ = ["IMAGE", "HostCommands", "HostContainer"]
