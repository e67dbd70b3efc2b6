"""What is said of a host port that another resource holds."""

from domain import host_port
from domain.errors import Conflict
from domain.store import ClaimTaken
from miniaws.application import Request


class HostPortTaken(Conflict):
    """cannot use a host port that another resource holds"""

    code = "port_taken"


def refusal(request: Request, taken: ClaimTaken, field: str, verb: str = "publish") -> Exception:
    """Return what to raise for a claim that is taken: a sentence of its own when it is a host port."""
    if taken.claim.scope != host_port.SCOPE:
        return taken
    account, _, holder = (taken.claim.note or "").partition("/")
    is_own = account == request.cause.account_id
    words = holder.replace("/", " ") if is_own else "a resource of another account"
    return HostPortTaken(
        f"cannot {verb} on port {taken.claim.key}: {words} holds it; choose another port", field=field
    )
