"""Plans over HTTP."""

from starlette.responses import Response

from domain.plan import Plan
from miniaws.commands import plan as commands
from miniaws.http.generic import Routes
from miniaws.http.writing import CommandContext, Operator, answer

routes = Routes(Plan)
router = routes.router
routes.reads("List plans, now or as of any moment.", "Show a plan with its steps, now or as of any moment.")


@router.post("", status_code=202, dependencies=[Operator])
async def propose_plan(body: commands.AnyPlan, change: CommandContext) -> Response:
    """Compute a plan. Nothing changes until it is applied."""
    return await answer(change, commands.propose(change.cloud, change.request, body))


routes.action("apply", commands.apply, "Carry a plan out, or continue one that has failed.")
routes.action("refresh", commands.refresh, "Compute a plan again that was not applied yet.")
routes.delete(
    commands.cancel,
    "Discard a plan. One that is applied starts no further step; what was started is not taken back.",
    name="cancel_plan",
)
