"""Who is asking: signatures that are accepted, and every way in which one is not."""

from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as Signer
from botocore.exceptions import ClientError

from miniaws.aws import names, signature
from miniaws.aws.signature import Incoming, NotAuthentic
from tests.aws.conftest import Aws, Credentials, call

BODY = b"Action=GetCallerIdentity&Version=2011-06-15"
FORM = "application/x-www-form-urlencoded; charset=utf-8"


def signed(aws: Aws, **headers: str) -> httpx.Request:
    """Return a request that botocore has signed."""
    url = f"{aws.api.settings.url}/"
    request: Any = AWSRequest("POST", url, {"Content-Type": FORM, **headers}, BODY)
    signer: Any = Signer(aws.credentials.access_key_id, aws.credentials.secret)
    SigV4Auth(signer, "sts", "us-east-1").add_auth(request)
    return httpx.Request("POST", url, headers=dict(request.headers.items()), content=BODY)


async def sent(request: httpx.Request) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False) as client:
        return await client.send(request)


async def refusal(request: httpx.Request) -> str:
    answer = await sent(request)
    assert answer.status_code == 403, answer.text
    return answer.text.partition("<Code>")[2].partition("</Code>")[0]


async def test_the_key_that_signs_is_the_one_that_asks(aws: Aws) -> None:
    found = await call(aws.client("sts").get_caller_identity)
    assert found["Account"] == names.account_number("main")
    assert found["Arn"] == f"arn:aws:iam::{found['Account']}:user/admin"
    assert found["ResponseMetadata"]["HTTPHeaders"]["x-amzn-requestid"]


async def test_a_presigned_url_is_accepted_until_it_expires(aws: Aws) -> None:
    client = aws.client("sts")
    url = client.generate_presigned_url("get_caller_identity", ExpiresIn=60, HttpMethod="GET")
    answer = await sent(httpx.Request("GET", url))
    assert answer.status_code == 200, answer.text
    assert "user/admin" in answer.text
    tampered = await sent(httpx.Request("GET", url.replace("Expires=60", "Expires=90")))
    assert "SignatureDoesNotMatch" in tampered.text


async def test_a_wrong_secret_is_refused(aws: Aws) -> None:
    wrong = Credentials(aws.credentials.access_key_id, "x" * 43)
    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        await call(aws.client("sts", wrong).get_caller_identity)
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        await call(aws.client("sts", Credentials("AKIAIOSFODNN7EXAMPLE", "x")).get_caller_identity)


async def test_a_tampered_request_is_refused(aws: Aws) -> None:
    request = signed(aws)
    other_body = httpx.Request("POST", request.url, headers=request.headers, content=BODY + b"&A=1")
    other_body.headers["content-length"] = str(len(BODY) + 4)
    assert await refusal(other_body) == "SignatureDoesNotMatch"
    other_query = httpx.Request("POST", f"{request.url}?A=1", headers=request.headers, content=BODY)
    assert await refusal(other_query) == "SignatureDoesNotMatch"
    more = httpx.Request(
        "POST", request.url, headers={**request.headers, "X-Amz-Target": "a.b"}, content=BODY
    )
    answer = await sent(more)
    assert (answer.status_code, answer.json()["__type"]) == (403, "SignatureDoesNotMatch")


async def test_an_unsigned_body_is_refused(aws: Aws) -> None:
    request = signed(aws, **{"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"})
    assert await refusal(request) == "XAmzContentSHA256Mismatch"


async def test_what_is_not_a_signature_is_refused(aws: Aws) -> None:
    for authorization in ("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 Credential=a/b, Signature=c"):
        request = httpx.Request(
            "POST", aws.api.settings.url, headers={"Authorization": authorization}, content=BODY
        )
        assert await refusal(request) == "IncompleteSignature"


async def test_a_key_signs_no_more_once_it_is_revoked(aws: Aws) -> None:
    key, id_ = await aws.api.key_of("main")
    client = aws.client("sts", await aws.credentials_of(key))
    await call(client.get_caller_identity)
    await aws.api.http.delete(f"/api/keys/{id_}")
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        await call(client.get_caller_identity)


async def test_who_names_a_key_has_not_used_it(aws: Aws) -> None:
    _, id_ = await aws.api.key_of("main")
    wrong = Credentials(names.access_key_id(id_), "x" * 43)
    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        await call(aws.client("sts", wrong).get_caller_identity)
    history = (await aws.api.http.get(f"/api/timeline?resource={id_}")).json()["items"]
    assert [event["type"] for event in history] == ["access_key.issued"]


async def test_wrong_signatures_count_against_an_address(aws: Aws) -> None:
    most = aws.api.settings.failed_auth_per_minute
    await call(aws.client("sts").get_caller_identity)  # what was accepted before is not limited
    wrong = aws.client("sts", Credentials("MAWS" + "A" * 26, "x"))
    codes: list[str] = []
    while "Throttling" not in codes:
        with pytest.raises(ClientError) as refused:
            await call(wrong.get_caller_identity)
        error: Any = refused.value.response["Error"]
        codes.append(error["Code"])
        assert len(codes) <= 3 * most
    assert set(codes) == {"InvalidClientTokenId", "Throttling"}
    await call(aws.client("sts").get_caller_identity)


async def test_an_unsigned_request_reaches_no_operation(aws: Aws) -> None:
    answer = await sent(httpx.Request("POST", aws.api.settings.url, content=BODY))
    assert answer.status_code in {404, 405}
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_session_of_a_browser_gets_no_credentials(aws: Aws) -> None:
    opened = await aws.api.http.post("/api/session", json={"api_key": aws.api.key})
    token = opened.json()["token"]
    answer = await aws.api.http.get("/api/aws-credentials", headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


def at(moment: datetime, seconds: int, *, presigned_s: int | None = None) -> None:
    """Verify a request some seconds after it was signed."""
    incoming = Incoming("POST", "/", "", {"host": "h"}, b"")
    stamp = moment.strftime("%Y%m%dT%H%M%SZ")
    found = signature.Signature(
        "k" * 16, stamp[:8], "us-east-1", "sts", ("host",), "0" * 64, stamp, presigned_s
    )
    signature.verify(incoming, found, "secret", moment + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("seconds", "presigned_s", "why"),
    [
        (899, None, "not that of this request"),
        (901, None, "expired"),
        (-899, None, "not that of this request"),
        (-901, None, "not yet current"),
        (3599, 3600, "not that of this request"),
        (3601, 3600, "expired"),
    ],
)
def test_a_signature_is_good_for_15_minutes(seconds: int, presigned_s: int | None, why: str) -> None:
    moment = datetime.fromisoformat("2026-11-23T10:00:00+00:00")
    with pytest.raises(NotAuthentic, match=why):
        at(moment, seconds, presigned_s=presigned_s)
