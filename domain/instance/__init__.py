"""Instances are real containers that run their image's program.

``spec`` what may be asked for · ``aggregate`` the rules and events · ``life`` those of running and stopping ·
``convergence`` the next step towards the wish.
"""

from domain.instance.aggregate import Instance as Instance
from domain.instance.convergence import Step as Step
from domain.instance.convergence import next_step as next_step
from domain.instance.life import InstanceNotStopped as InstanceNotStopped
from domain.instance.life import InstanceTerminated as InstanceTerminated
from domain.instance.life import ProgramEnd as ProgramEnd
from domain.instance.spec import LaunchSpec as LaunchSpec
from domain.instance.spec import PortSpec as PortSpec
from domain.instance.spec import VolumeSpec as VolumeSpec
