"""The ports for containers, on a Docker engine."""

from dataclasses import dataclass
from pathlib import Path

from adapters.docker.cgroup_files import CgroupFiles
from adapters.docker.containers import DockerContainers
from adapters.docker.engine import DockerEngine
from adapters.docker.images import DockerImages
from adapters.docker.networks import DockerNetworks
from adapters.docker.stats import DockerStats
from adapters.docker.volumes import DockerVolumes
from adapters.docker.watch import DockerWatch

__all__ = [
    "DockerContainers",
    "DockerEngine",
    "DockerImages",
    "DockerNetworks",
    "DockerPorts",
    "DockerStats",
    "DockerVolumes",
    "DockerWatch",
    "docker_ports",
]


@dataclass(frozen=True, slots=True)
class DockerPorts:
    """Every port of one engine."""

    engine: DockerEngine
    containers: DockerContainers
    networks: DockerNetworks
    volumes: DockerVolumes
    images: DockerImages
    watch: DockerWatch
    stats: DockerStats

    async def close(self) -> None:
        """Close the connections to the engine."""
        await self.stats.close()
        await self.containers.close()
        await self.engine.close()


def docker_ports(docker_host: str, cloud: str, volumes_dir: Path, *, allow_pull: bool = True) -> DockerPorts:
    """Return the ports. The engine is first contacted when one is called.

    ``cloud`` keeps several clouds on one engine apart. Volumes with a size live in ``volumes_dir``. With ``allow_pull``
    a missing image is pulled from its registry.
    """
    engine = DockerEngine(docker_host, cloud, allow_pull=allow_pull)
    return DockerPorts(
        engine=engine,
        containers=DockerContainers(engine),
        networks=DockerNetworks(engine),
        volumes=DockerVolumes(engine, volumes_dir),
        images=DockerImages(engine, allow_pull=allow_pull),
        watch=DockerWatch(engine),
        stats=DockerStats(engine, CgroupFiles() if docker_host.startswith("unix:") else None),
    )
