"""Servers that run for people: the rules, the steps towards what is wanted, and the port to use one."""

from domain.server.aggregate import Server
from domain.server.certificate import Certificate
from domain.server.client import CERTIFICATE_PATH, KEY_PATH, Endpoint, Program, ServerClient
from domain.server.convergence import Step, next_step
from domain.server.spec import (
    DeletionProtected,
    RotationUnderWay,
    ServerEnd,
    ServerSpec,
    ServerStopped,
    TooLittleMemory,
    UnknownEngine,
    UnknownParameter,
)

__all__ = [
    "CERTIFICATE_PATH",
    "KEY_PATH",
    "Certificate",
    "DeletionProtected",
    "Endpoint",
    "Program",
    "RotationUnderWay",
    "Server",
    "ServerClient",
    "ServerEnd",
    "ServerSpec",
    "ServerStopped",
    "Step",
    "TooLittleMemory",
    "UnknownEngine",
    "UnknownParameter",
    "next_step",
]
