"""Answers about access and health, and pages of documents."""

from datetime import datetime
from typing import Annotated, Generic, Literal, TypeVar

from pydantic import Field
from typing_extensions import TypedDict

from projections.access_key import AccessKeyDocument

T = TypeVar("T")
RoleName = Literal["admin", "operator", "viewer"]


class Page(TypedDict, Generic[T]):
    """Some resources of a list, as of one position."""

    items: list[T]
    position: int
    next_cursor: Annotated[str | None, Field(description="the cursor of the next page; null on the last one")]


class IssuedKey(AccessKeyDocument):
    """A new key, with its secret."""

    key: Annotated[str, Field(description="shown this once")]


class Session(TypedDict):
    """The identity that a request has."""

    key: str
    name: str
    role: RoleName
    account: str
    expires_at: datetime | None
    browser: bool
    trash_hours: Annotated[float, Field(description="how long what is deleted is kept; 0: there is no trash")]


class OpenedSession(TypedDict):
    """A new session."""

    key: str
    name: str
    role: RoleName
    account: str
    token: str
    expires_at: datetime


class AwsCredentials(TypedDict):
    """What AWS clients sign with as a key."""

    access_key_id: str
    secret_access_key: Annotated[str, Field(description="derived from the key; nothing of it is stored")]
    region: Annotated[str, Field(description="one that clients may use; any other does as well")]
    account_number: Annotated[str, Field(description="what ARNs call the account")]


class Ticket(TypedDict):
    """A ticket that opens one session."""

    ticket: str
    expires_at: datetime


class Alive(TypedDict):
    """The API answers."""

    status: Literal["live"]


class LoopStatus(TypedDict):
    """A background loop."""

    name: str
    state: Literal["running", "restarting"]
    restarts: int
    last_error: str | None


class ControllerStatus(TypedDict):
    """A controller."""

    state: str
    pid: int
    started_at: datetime
    heartbeat_age_s: float
    loops: list[LoopStatus]


class Ready(TypedDict):
    """The cloud can be used."""

    status: Literal["ready"]
    position: int
    visible: int
    loops: list[LoopStatus]
    controllers: list[ControllerStatus]
