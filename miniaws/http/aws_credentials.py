"""What AWS clients sign with, over HTTP."""

import orjson
from fastapi import APIRouter
from starlette.responses import Response

from domain.errors import Forbidden
from miniaws.aws import names, signature
from miniaws.http.answers.access import AwsCredentials
from miniaws.http.reading import Caller, CloudDep
from miniaws.http.writing import KnownQuery

router = APIRouter(prefix="/api/aws-credentials", tags=["keys"], dependencies=[KnownQuery])


@router.get("")
async def show_aws_credentials(cloud: CloudDep, caller: Caller) -> Response:
    """Show what AWS clients sign with as this key. It is derived from the key, and ends with it.

    A session of a browser is refused: these credentials would outlive it.
    """
    if caller.session is not None or not caller.hash:
        raise Forbidden(
            "cannot show AWS credentials in a session: send the key itself, or run `cloud aws env`"
        )
    derived = cloud.ports.derivation.derive(signature.PURPOSE, caller.hash)
    body: AwsCredentials = {
        "access_key_id": names.access_key_id(caller.key_id),
        "secret_access_key": signature.secret_of(derived),
        "region": names.DEFAULT_REGION,
        "account_number": names.account_number(caller.account_id),
    }
    headers = {"Cache-Control": "no-store"}
    return Response(orjson.dumps(body), headers=headers, media_type="application/json")
