"""The containers that make the files of a database before its server starts."""

from domain.database import Database
from domain.ports import Containers, ContainerSpec, Mount
from domain.server import Program
from miniaws.process_managers import attachment

_MIN_CPUS, _MIN_MEMORY_MB = 1.0, 512
_PROGRAMS = ("restore", "copy")


def files_spec(database: Database, what: str, program: Program, *mounts: Mount) -> ContainerSpec:
    """Return the container of a program that makes the files of a database."""
    return ContainerSpec(
        resource_id=f"{database.public_id}.{what}",
        account_id=database.account_id,
        name=f"{database.name}-{what}"[-63:],
        image=database.image,
        network_id=database.vpc_id,
        generation=1,
        cpus=max(database.cpus, _MIN_CPUS),
        memory_mb=max(database.memory_mb, _MIN_MEMORY_MB),
        restart="never",
        command=program.command,
        environment=program.environment,
        mounts=(Mount(database.volume_id or "", database.data_path), *mounts),
        files=program.files,
        kind="database",
        keeps_files=False,
        # The container of the database does not run meanwhile.
        address=attachment.address(database),
    )


async def remove_programs(containers: Containers, database: Database) -> None:
    """Remove the containers of programs that have not ended."""
    for what in _PROGRAMS:
        await containers.remove(f"{database.public_id}.{what}")
