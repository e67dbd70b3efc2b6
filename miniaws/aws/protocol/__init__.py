"""The wire protocols of AWS: requests in bytes become dictionaries, and dictionaries become answers.

Both follow the shapes of ``models``. ``form`` reads what services of the protocols `query` and `ec2` are sent, ``xml``
writes what they answer; ``documents`` does both for services of the protocol `json`.
"""

from miniaws.aws.protocol import documents, form, xml
from miniaws.aws.protocol.models import Model, Operation, Values
from miniaws.aws.protocol.rendered import Failure, Rendered


def read(model: Model, operation: Operation, fields: dict[str, str], body: bytes) -> Values:
    """Return the arguments of a request: of the fields of its form, or of its body. Raises Malformed."""
    if model.protocol == "json":
        return documents.read(operation.input, body)
    return form.read(operation.input, fields, is_ec2=model.protocol == "ec2")


def render(model: Model, operation: Operation, result: Values, request_id: str) -> Rendered:
    """Return the answer to a request that succeeded."""
    if model.protocol == "json":
        return documents.render(model, operation, result)
    return xml.render(model, operation, result, request_id)


def render_failure(protocol: str, failure: Failure, request_id: str) -> Rendered:
    """Return the answer to a request that was refused."""
    if protocol == "json":
        return documents.render_failure(failure)
    return xml.render_failure(failure, request_id, is_ec2=protocol == "ec2")
