"""`DryRun`: a command is carried out up to the point where it would be saved."""

from collections.abc import Mapping
from uuid import UUID

from domain.aggregate import Aggregate
from domain.store import Receipt
from miniaws.application import Cloud, Request
from miniaws.aws.protocol.rendered import Failure


class Rehearsal(Cloud):
    """A cloud that refuses to save, after every rule has been asked."""

    async def save(
        self,
        request: Request,
        *aggregates: Aggregate,
        secrets: Mapping[UUID, bytes] | None = None,
        owner: UUID | None = None,
    ) -> Receipt:
        """Raise Failure: the request would have succeeded."""
        del request, aggregates, secrets, owner
        raise would_succeed()


def would_succeed() -> Failure:
    """Return what AWS answers to a rehearsed request that is all right."""
    return Failure("DryRunOperation", "Request would have succeeded, but DryRun flag is set.", 412)
