"""The name of a cloud's table of firewall rules, and its removal with everything else of the cloud."""

import os
import shutil
import subprocess

from docker import APIClient
from docker.errors import APIError

HOST_CONTAINER = "host-network"
"""What follows the cloud's name in that of its container in the network of the host."""


def table_name(cloud: str) -> str:
    """Return the name of a cloud's nftables table, in the family ``inet``."""
    return f"miniaws_{cloud.replace('-', '_')}"


def remove_rules(api: APIClient, docker_host: str, cloud: str) -> None:
    """Remove the table of a cloud, if there is one and this process can: else it is in a container that can."""
    table = table_name(cloud)
    script = f"add table inet {table}; delete table inet {table}"
    program = shutil.which("nft", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if program is not None and os.geteuid() == 0 and docker_host.startswith("unix:"):
        subprocess.run([program, script], capture_output=True, check=False)  # noqa: S603 - a program of Debian
        return
    try:
        api.exec_start(api.exec_create(f"{cloud}-{HOST_CONTAINER}", ["nft", script])["Id"])
    except APIError:
        return  # without that container there is no table, unless root made it
