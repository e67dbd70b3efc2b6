"""Security groups over HTTP."""

import orjson
from starlette.responses import Response

from domain.access_key import Role
from domain.errors import Forbidden
from domain.security_group import SecurityGroup
from miniaws.commands import security_group as commands
from miniaws.http.generic import Routes
from miniaws.http.reading import Caller, CloudDep
from miniaws.http.writing import CommandContext, Operator, answer

routes = Routes(SecurityGroup)
router = routes.router
routes.reads(about_one="Show a security group, by id, by name or as `name.vpc`, now or as of any moment.")
routes.delete(
    commands.delete, "Delete a security group that has no member, and that no rule of another one names."
)


@router.post("", status_code=202, dependencies=[Operator])
async def create_security_group(body: commands.CreateSecurityGroup, change: CommandContext) -> Response:
    """Create a security group. What none of its rules allows is dropped."""
    return await answer(change, commands.create(change.cloud, change.request, body))


@router.patch("/{id_or_name}", status_code=202, dependencies=[Operator])
async def change_security_group(
    id_or_name: str, body: commands.ChangeSecurityGroup, change: CommandContext
) -> Response:
    """Replace the rules of a security group, or its tags."""
    return await answer(change, commands.change(change.cloud, change.request, id_or_name, body))


@router.post("/{id_or_name}/rules", status_code=202, dependencies=[Operator])
async def authorize_rules(id_or_name: str, body: commands.AuthorizeRules, change: CommandContext) -> Response:
    """Add rules to a security group."""
    return await answer(change, commands.authorize(change.cloud, change.request, id_or_name, body))


@router.delete("/{id_or_name}/rules/{rule_id}", status_code=202, dependencies=[Operator])
async def revoke_rule(id_or_name: str, rule_id: str, change: CommandContext) -> Response:
    """Take a rule out of a security group. Connections that it let through stay."""
    return await answer(change, commands.revoke(change.cloud, change.request, id_or_name, rule_id))


@router.post("/check")
async def check_connection(body: commands.CheckConnection, cloud: CloudDep, caller: Caller) -> Response:
    """Answer whether a connection is let through, and by which rules. With `probe`, an operator also tries it."""
    if body.probe and not caller.role.covers(Role.OPERATOR):
        raise Forbidden(
            f"cannot try a connection with a key of the role {caller.role.value}: it takes operator; leave `probe` out",
            field="probe",
        )
    found = await commands.check(cloud, caller.account_id, body)
    return Response(orjson.dumps(found), media_type="application/json")
