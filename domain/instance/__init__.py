"""Instances are real containers that run their image's program.

``spec`` what may be requested · ``process`` how its program is run · ``aggregate`` the rules · ``events`` what happens
to it · ``run_state`` whether it runs · ``convergence`` the next action towards the desired state.
"""

from domain.instance.aggregate import Instance as Instance
from domain.instance.convergence import NextAction as NextAction
from domain.instance.convergence import next_action as next_action
from domain.instance.errors import InstanceNotStopped as InstanceNotStopped
from domain.instance.errors import InstanceTerminated as InstanceTerminated
from domain.instance.process import ProcessOptions as ProcessOptions
from domain.instance.run_state import ProgramEnd as ProgramEnd
from domain.instance.spec import LaunchSpec as LaunchSpec
from domain.instance.spec import PortSpec as PortSpec
from domain.instance.spec import VolumeSpec as VolumeSpec
