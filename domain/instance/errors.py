"""What an instance refuses."""

from domain.errors import Conflict


class InstanceTerminated(Conflict):
    """cannot change a terminated instance"""

    code = "instance_terminated"


class InstanceNotStopped(Conflict):
    """cannot do that unless the instance is stopped"""

    code = "instance_not_stopped"
