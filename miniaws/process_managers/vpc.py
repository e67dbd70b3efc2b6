"""Keeps a real network for every VPC.

wanted                     -> networks.ensure -> report_available
its range is taken         -> replace_range -> networks.ensure, if the range was chosen for it
deleting, not yet deleted  -> networks.remove -> report_deleted

Dying between an effect and its report is harmless: the next pass repeats the effect, which changes nothing, and
reports.
"""

from uuid import UUID

from domain.errors import InUse, PortError, RangeInUse, Refused
from domain.ports import Networks
from domain.store import Cause, ClaimTaken
from domain.vpc import Vpc
from miniaws.application import Cloud
from miniaws.commands import vpc as commands
from miniaws.runtime.workers import Pass

_CAUSE = Cause(actor="system:vpc-manager", account_id="")
_IN_USE_S = 1.0


class VpcManager:
    """Reconciles networks with VPCs."""

    kind = Vpc.KIND

    def __init__(self, cloud: Cloud, networks: Networks) -> None:
        self._cloud = cloud
        self._networks = networks

    async def reconcile(self, resource_id: UUID) -> Pass:
        """Bring one VPC in line."""
        vpc = await self._cloud.load_by_id(Vpc, resource_id)
        if vpc.status == "deleted":
            return Pass("is deleted")
        try:
            return await (self._remove(vpc) if vpc.is_deleting else self._ensure(vpc))
        except PortError as error:
            reason = str(error)
            await self._cloud.report(Vpc, vpc.id, _CAUSE, lambda v: v.report_failed(reason))
            raise

    async def _ensure(self, vpc: Vpc) -> Pass:
        try:
            await self._networks.ensure(vpc.public_id, vpc.account_id, vpc.cidr)
        except RangeInUse as taken:
            if not vpc.is_chosen:
                raise
            vpc = await self._replace_range(vpc, taken)
            await self._networks.ensure(vpc.public_id, vpc.account_id, vpc.cidr)
        await self._cloud.report(Vpc, vpc.id, _CAUSE, Vpc.report_available)
        return Pass(f"has the network {vpc.cidr}")

    async def _replace_range(self, vpc: Vpc, taken: RangeInUse) -> Vpc:
        """Choose another range: another cloud on this host may have chosen the same one at the same time."""
        try:
            cidr = await commands.free_cidr(self._cloud)
            return await self._cloud.report(Vpc, vpc.id, _CAUSE, lambda v: v.replace_range(cidr, str(taken)))
        except (commands.NoFreeRange, ClaimTaken) as error:
            raise Refused(f"{taken} ({error})") from error

    async def _remove(self, vpc: Vpc) -> Pass:
        try:
            await self._networks.remove(vpc.public_id)
        except InUse:
            # A container that nobody wants any more is on its way out.
            return Pass("waits for containers to leave its network", again_s=_IN_USE_S)
        await self._cloud.report(Vpc, vpc.id, _CAUSE, Vpc.report_deleted)
        return Pass("removed the network")
