"""STS: who is asking."""

from miniaws.aws import names
from miniaws.aws.call import Call
from miniaws.aws.operations import Service
from miniaws.aws.protocol.models import Values

SERVICE = Service("sts", "STS", "ValidationError")


@SERVICE.reads("GetCallerIdentity")
async def get_caller_identity(call: Call, given: Values) -> Values:
    """Return the key that signs, as a user of the account."""
    del given
    return {
        "UserId": names.access_key_id(call.caller.key_id),
        "Account": names.account_number(call.account),
        "Arn": names.caller_arn(call.account, call.caller.key_name),
    }
