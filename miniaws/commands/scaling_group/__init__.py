"""Commands for scaling groups: ``changing`` what is wanted of them, ``reviewing`` what they decided."""

from miniaws.commands.scaling_group.changing import Behind as Behind
from miniaws.commands.scaling_group.changing import Create as Create
from miniaws.commands.scaling_group.changing import Launched as Launched
from miniaws.commands.scaling_group.changing import Sizes as Sizes
from miniaws.commands.scaling_group.changing import Update as Update
from miniaws.commands.scaling_group.changing import cancel_refresh as cancel_refresh
from miniaws.commands.scaling_group.changing import create as create
from miniaws.commands.scaling_group.changing import delete as delete
from miniaws.commands.scaling_group.changing import protect as protect
from miniaws.commands.scaling_group.changing import put_policy as put_policy
from miniaws.commands.scaling_group.changing import refresh as refresh
from miniaws.commands.scaling_group.changing import remove_policy as remove_policy
from miniaws.commands.scaling_group.changing import resume as resume
from miniaws.commands.scaling_group.changing import suspend as suspend
from miniaws.commands.scaling_group.changing import update as update
from miniaws.commands.scaling_group.reviewing import Between as Between
from miniaws.commands.scaling_group.reviewing import between as between
from miniaws.commands.scaling_group.reviewing import replayed as replayed
from miniaws.commands.scaling_group.reviewing import simulated as simulated
