"""VPCs over HTTP."""

from starlette.responses import Response

from domain.vpc import Vpc
from miniaws.commands import vpc as commands
from miniaws.http.generic import Routes
from miniaws.http.writing import CommandContext, Operator, answer

routes = Routes(Vpc, "a VPC", "VPCs")
router = routes.router
routes.reads()
routes.delete(commands.delete, "Delete a VPC that nothing uses.")


@router.post("", status_code=202, dependencies=[Operator])
async def create_vpc(body: commands.CreateVpc, change: CommandContext) -> Response:
    """Create a VPC: a network of its own."""
    return await answer(change, commands.create(change.cloud, change.request, body))


@router.patch("/{id_or_name}", status_code=202, dependencies=[Operator])
async def change_vpc(id_or_name: str, body: commands.ChangeVpc, change: CommandContext) -> Response:
    """Change the tags of a VPC."""
    return await answer(change, commands.change(change.cloud, change.request, id_or_name, body))
