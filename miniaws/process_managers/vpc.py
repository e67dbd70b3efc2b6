"""Keeps a real network for every VPC.

desired                    -> networks.ensure -> report_available
its range is not private   -> report_failed
its range is taken         -> replace_range -> networks.ensure, if the range was chosen for it
no default subnet or group -> both are created, for a VPC of an earlier version
deleting, not yet deleted  -> networks.remove -> report_deleted

Dying between an effect and its report is harmless: the next pass repeats the effect, which changes nothing, and
reports.
"""

from ipaddress import IPv4Network
from uuid import UUID

from domain.errors import Conflict, InUse, RangeInUse, Refused
from domain.ports import Networks
from domain.store import ClaimTaken
from domain.values import is_private
from domain.vpc import Vpc
from miniaws.application import Cloud
from miniaws.commands import defaults
from miniaws.commands import vpc as commands
from miniaws.runtime.reconciler import PASS_S, ReconcileResult, lifecycle

_IN_USE_S = 1.0


class VpcManager:
    """Reconciles networks with VPCs."""

    kind = Vpc.KIND
    timeout_s = PASS_S

    def __init__(self, cloud: Cloud, networks: Networks) -> None:
        self._cloud = cloud
        self._networks = networks
        self._reconciler = lifecycle(cloud, Vpc, ensure=self._ensure, remove=self._remove)

    async def reconcile(self, resource_id: UUID) -> ReconcileResult:
        """Reconcile one VPC."""
        return await self._reconciler.reconcile(resource_id)

    async def _ensure(self, vpc: Vpc) -> ReconcileResult:
        if not is_private(IPv4Network(vpc.cidr)):
            # An earlier version accepted it. The host itself may be behind its addresses.
            reason = (
                f"cannot use the range {vpc.cidr}: it is not private; create another VPC and delete this one"
            )
            await self._reconciler.report(vpc, lambda v: v.report_failed(reason))
            return ReconcileResult("has a range that is not private")
        try:
            await self._networks.ensure(vpc.public_id, vpc.account_id, vpc.cidr)
        except RangeInUse as taken:
            if not vpc.is_chosen:
                raise
            vpc = await self._replace_range(vpc, taken)
            await self._networks.ensure(vpc.public_id, vpc.account_id, vpc.cidr)
        await self._reconciler.report(vpc, Vpc.report_available)
        await defaults.ensure(self._cloud, vpc)
        return ReconcileResult(f"has the network {vpc.cidr}")

    async def _replace_range(self, vpc: Vpc, taken: RangeInUse) -> Vpc:
        """Choose another range: another cloud on this host may have chosen the same one at the same time."""
        try:
            cidr = await commands.free_cidr(self._cloud)
            await self._reconciler.transact(
                vpc, lambda unit: commands.replace_range(self._cloud, unit, vpc, cidr, str(taken))
            )
            return await self._cloud.load_by_id(Vpc, vpc.id)
        except (Conflict, ClaimTaken) as error:
            raise Refused(f"{taken} ({error})") from error

    async def _remove(self, vpc: Vpc) -> ReconcileResult:
        try:
            await self._networks.remove(vpc.public_id)
        except InUse:
            # A container that is being deleted still uses it.
            return ReconcileResult("waits for containers to leave its network", _IN_USE_S)
        await self._reconciler.report(vpc, Vpc.report_deleted)
        return ReconcileResult("removed the network")


def create_manager(cloud: Cloud) -> VpcManager:
    """Return what reconciles networks with VPCs."""
    return VpcManager(cloud, cloud.ports.networks)
