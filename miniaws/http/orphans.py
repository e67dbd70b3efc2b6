"""Orphans over HTTP: what is on the engine though nothing wants it."""

from domain.orphan import Orphan
from miniaws.commands import orphan as commands
from miniaws.http.generic import Routes

routes = Routes(Orphan, "an orphan")
router = routes.router
routes.reads("List orphans, now or as of any moment. They belong to the account of those who run the cloud.")
routes.delete(
    commands.remove, "Remove an orphan from the engine, before its time is up.", name="remove_orphan"
)
