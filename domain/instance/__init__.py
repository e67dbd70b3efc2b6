"""Instances are real containers that run their image's program.

``spec`` what may be asked for · ``aggregate`` the rules and events · ``convergence`` the next step towards the wish.
"""

from domain.instance.aggregate import Instance as Instance
from domain.instance.aggregate import InstanceTerminated as InstanceTerminated
from domain.instance.aggregate import ProgramEnd as ProgramEnd
from domain.instance.convergence import Step as Step
from domain.instance.convergence import next_step as next_step
from domain.instance.spec import LaunchSpec as LaunchSpec
from domain.instance.spec import PortSpec as PortSpec
from domain.instance.spec import VolumeSpec as VolumeSpec
