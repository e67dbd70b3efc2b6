"""VPCs over HTTP."""

from fastapi import APIRouter
from pydantic import Field
from starlette.responses import Response

from domain.vpc import Vpc
from miniaws.commands import vpc as commands
from miniaws.http.reading import At, Caller, CloudDep, IfNoneMatch, Narrowed, one, page
from miniaws.http.writing import Body, Change, KnownQuery, Operator, answer

router = APIRouter(prefix="/api/vpcs", tags=["vpcs"], dependencies=[KnownQuery])


class CreateVpc(Body):
    """A VPC as it is asked for."""

    name: str = Field(description="1 to 63 lower-case letters, digits and hyphens", examples=["web"])
    cidr: str | None = Field(
        default=None, description="private IPv4 range; left out: a free /24", examples=["10.20.0.0/24"]
    )
    tags: dict[str, str] = Field(default={}, examples=[{"env": "test"}])


class ChangeVpc(Body):
    """What of a VPC can change."""

    tags: dict[str, str]


@router.post("", status_code=202, dependencies=[Operator])
async def create_vpc(body: CreateVpc, change: Change) -> Response:
    """Create a VPC: a network of its own."""
    wish = commands.Create(body.name, body.cidr, body.tags)
    return await answer(change, commands.create(change.cloud, change.request, wish), "vpcs")


@router.get("")
async def list_vpcs(cloud: CloudDep, caller: Caller, at: At, narrowed: Narrowed) -> Response:
    """List VPCs, now or as of any moment."""
    return await page(cloud, Vpc.KIND, caller.account_id, at, narrowed)


@router.get("/{id_or_name}")
async def show_vpc(
    id_or_name: str, cloud: CloudDep, caller: Caller, at: At, if_none_match: IfNoneMatch = None
) -> Response:
    """Show a VPC, now or as of any moment."""
    return await one(cloud, Vpc, caller.account_id, id_or_name, at, if_none_match)


@router.patch("/{id_or_name}", status_code=202, dependencies=[Operator])
async def change_vpc(id_or_name: str, body: ChangeVpc, change: Change) -> Response:
    """Change the tags of a VPC."""
    return await answer(
        change, commands.change_tags(change.cloud, change.request, id_or_name, body.tags), "vpcs"
    )


@router.delete("/{id_or_name}", status_code=202, dependencies=[Operator])
async def delete_vpc(id_or_name: str, change: Change) -> Response:
    """Delete a VPC that nothing uses."""
    return await answer(change, commands.delete(change.cloud, change.request, id_or_name), "vpcs")
