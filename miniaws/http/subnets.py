"""Subnets over HTTP."""

from starlette.responses import Response

from domain.subnet import Subnet
from miniaws.commands import subnet as commands
from miniaws.http.generic import Routes
from miniaws.http.writing import CommandContext, Operator, answer

routes = Routes(Subnet)
router = routes.router
routes.reads(about_one="Show a subnet, by id, by name or as `name.vpc`, now or as of any moment.")
routes.delete(commands.delete, "Delete a subnet in which nobody has an address.")


@router.post("", status_code=202, dependencies=[Operator])
async def create_subnet(body: commands.CreateSubnet, change: CommandContext) -> Response:
    """Create a subnet in a part of the range of its VPC."""
    return await answer(change, commands.create(change.cloud, change.request, body))


@router.patch("/{id_or_name}", status_code=202, dependencies=[Operator])
async def change_subnet(id_or_name: str, body: commands.ChangeSubnet, change: CommandContext) -> Response:
    """Change what members of a subnet may do, or its tags."""
    return await answer(change, commands.change(change.cloud, change.request, id_or_name, body))
