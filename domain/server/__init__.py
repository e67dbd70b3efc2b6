"""Servers that run for people: the rules, the steps towards what is wanted, and the port to use one."""

from domain.server.aggregate import DeletionProtected, Server, ServerEnd, ServerSpec, ServerStopped
from domain.server.client import Endpoint, Program, ServerClient
from domain.server.convergence import Step, next_step

__all__ = [
    "DeletionProtected",
    "Endpoint",
    "Program",
    "Server",
    "ServerClient",
    "ServerEnd",
    "ServerSpec",
    "ServerStopped",
    "Step",
    "next_step",
]
