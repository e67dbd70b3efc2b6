"""The event store on Postgres: one server-side append, with the recorder and repository of the library."""

from adapters.event_store.follower import Follower as Follower
from adapters.event_store.migrations import migrate as migrate
from adapters.event_store.store import PostgresEventStore as PostgresEventStore
from adapters.event_store.visibility import ProjectedPosition as ProjectedPosition
