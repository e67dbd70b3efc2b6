"""Commands for scaling groups: ``changing`` them, ``reviewing`` what they decided; inputs: ``bodies``, ``policies``."""

from miniaws.commands.scaling_group.bodies import BehindBalancer as BehindBalancer
from miniaws.commands.scaling_group.bodies import ChangeScalingGroup as ChangeScalingGroup
from miniaws.commands.scaling_group.bodies import ChangeTemplate as ChangeTemplate
from miniaws.commands.scaling_group.bodies import CreateScalingGroup as CreateScalingGroup
from miniaws.commands.scaling_group.bodies import LaunchTemplate as LaunchTemplate
from miniaws.commands.scaling_group.bodies import Processes as Processes
from miniaws.commands.scaling_group.bodies import Protection as Protection
from miniaws.commands.scaling_group.bodies import Simulation as Simulation
from miniaws.commands.scaling_group.bodies import StartRefresh as StartRefresh
from miniaws.commands.scaling_group.changing import cancel_refresh as cancel_refresh
from miniaws.commands.scaling_group.changing import change as change
from miniaws.commands.scaling_group.changing import create as create
from miniaws.commands.scaling_group.changing import delete as delete
from miniaws.commands.scaling_group.changing import protect as protect
from miniaws.commands.scaling_group.changing import put_policy as put_policy
from miniaws.commands.scaling_group.changing import refresh as refresh
from miniaws.commands.scaling_group.changing import refresh_outdated as refresh_outdated
from miniaws.commands.scaling_group.changing import remove_policy as remove_policy
from miniaws.commands.scaling_group.changing import resume as resume
from miniaws.commands.scaling_group.changing import suspend as suspend
from miniaws.commands.scaling_group.policies import AnyPolicy as AnyPolicy
from miniaws.commands.scaling_group.policies import TargetTrackingPolicy as TargetTrackingPolicy
from miniaws.commands.scaling_group.reviewing import Between as Between
from miniaws.commands.scaling_group.reviewing import between as between
from miniaws.commands.scaling_group.reviewing import replayed as replayed
from miniaws.commands.scaling_group.reviewing import simulated as simulated
