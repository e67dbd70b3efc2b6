"""Programs that look at or change the network of the engine's host."""

from adapters.host_network.addresses import BridgeAddresses
from adapters.host_network.commands import HostCommands
from adapters.host_network.container import IMAGE, HostContainer

__all__ = ["IMAGE", "BridgeAddresses", "HostCommands", "HostContainer"]
