"""Archives over HTTP: those of databases that live, and of those that are gone."""

from domain.archive import Archive
from miniaws.commands import archive as commands
from miniaws.http.generic import Routes

routes = Routes(Archive, "an archive")
router = routes.router
routes.reads()
routes.delete(commands.delete, "Delete the archive of a database that is gone, before its time is up.")
