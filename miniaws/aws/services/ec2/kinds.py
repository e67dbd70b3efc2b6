"""EC2 as a service, and the kinds of its resources."""

from domain.instance import Instance
from domain.snapshot import Snapshot
from domain.volume import Volume
from domain.vpc import Vpc
from miniaws.aws.operations import Service
from miniaws.aws.reading import Kind

SERVICE = Service("ec2", "EC2", "UnsupportedOperation")

INSTANCE = Kind(
    Instance.KIND, "i", "InvalidInstanceID.NotFound", "InvalidInstanceID.Malformed", keeps_ended=True
)
VOLUME = Kind(Volume.KIND, "vol", "InvalidVolume.NotFound", "InvalidParameterValue")
SNAPSHOT = Kind(Snapshot.KIND, "snap", "InvalidSnapshot.NotFound", "InvalidParameterValue")
VPC = Kind(Vpc.KIND, "vpc", "InvalidVpcID.NotFound", "InvalidVpcID.Malformed")

PAGED = ("Filters", "MaxResults", "NextToken")
"""Parameters of an operation that lists."""
