"""What a load balancer refuses."""

from domain.errors import Conflict, Invalid, NotFound


class TargetInAnotherVpc(Conflict):
    """cannot use a target in another VPC"""

    code = "target_in_another_vpc"


class UnknownTarget(NotFound):
    """cannot find the target"""

    code = "unknown_target"


class TargetSelected(Conflict):
    """cannot deregister a target that a selector adds"""

    code = "target_selected"


class BadCertificate(Invalid):
    """a certificate must be valid now, and the private key must belong to it"""

    code = "bad_certificate"


class CertificateInUse(Conflict):
    """cannot remove a certificate that a listener uses"""

    code = "certificate_in_use"
