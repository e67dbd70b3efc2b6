"""EC2: instances, volumes, snapshots and VPCs."""

from miniaws.aws.services.ec2 import instances, launching, places, snapshots, tagging, volumes, vpcs
from miniaws.aws.services.ec2.kinds import SERVICE as SERVICE

__all__ = ["SERVICE", "instances", "launching", "places", "snapshots", "tagging", "volumes", "vpcs"]
