"""The container that a task runs in: which image, what is mounted, where the key is."""

from collections.abc import Sequence
from importlib.resources import files

from docker import APIClient
from docker.errors import NotFound

from adapters.docker.creation import LOG, PIDS, archive
from adapters.docker.engine import DockerEngine, Json
from adapters.docker.holds import PAUSES_LABEL
from adapters.docker.images import pull
from domain.errors import ImageMissing, Refused
from domain.ports import File
from domain.snapshot.copies import Task

TASK_LABEL = "miniaws.task"
"""On a container of ours: what it does."""
WAITS_LABEL = "miniaws.waits"
_KEY = "/miniaws/key"
_SCRIPT = "/miniaws/task.sh"
_CAPABILITIES = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "MKNOD", "SETFCAP", "KILL"]
"""What it takes to read and write files of any owner."""


def image(api: APIClient, choices: Sequence[str]) -> str:
    """Return the first image that is here, or that can be fetched. Raises ImageMissing."""
    for choice in choices:
        try:
            api.inspect_image(choice)
        except NotFound:
            continue
        return choice
    for choice in choices:
        try:
            pull(api, choice)
        except ImageMissing:
            continue
        return choice
    raise ImageMissing(
        f"cannot copy volumes: none of the images {', '.join(choices)} is here, nor can one be fetched; "
        "run `scripts/images restic`"
    )


def refuse_without_volumes(api: APIClient, engine: DockerEngine, task: Task) -> None:
    """Refuse when a volume is missing: the engine would make it up."""
    for volume_id in mounted(task).values():
        try:
            api.inspect_volume(engine.name(volume_id))
        except NotFound:
            raise Refused(f"cannot {task.verb} {volume_id}: the volume is gone") from None


def mounted(task: Task) -> dict[str, str]:
    """Return what a task has mounted: path and volume."""
    if task.verb == "copy":
        return {f"/volumes/{volume_id}": volume_id for volume_id in task.volumes}
    # Under the name it was copied by: so it comes back with the owner and mode of its root.
    return {f"/volumes/{task.volumes[0]}": task.into} if task.verb == "restore" else {}


def config(engine: DockerEngine, task: Task, repository: str, image: str) -> Json:
    """Return the body of the engine's create call. The key is in none of it."""
    labels = engine.labels(task.kind, f"{task.owner_id}.{task.verb}", task.account_id)
    labels |= {TASK_LABEL: task.verb}
    labels |= {WAITS_LABEL: "yes", PAUSES_LABEL: "yes"} if task.waits else {}
    mounts = [_mount(repository, "/repository", is_read_only=False)]
    mounts += [
        _mount(engine.name(volume_id), path, is_read_only=task.verb == "copy")
        for path, volume_id in mounted(task).items()
    ]
    return {
        "Image": image,
        "Hostname": "miniaws",
        "Entrypoint": ["/bin/sh", _SCRIPT],
        "Cmd": [task.verb, *_arguments(task)],
        "Env": ["RESTIC_REPOSITORY=/repository", f"RESTIC_PASSWORD_FILE={_KEY}", "RESTIC_PROGRESS_FPS=1"],
        "Labels": labels,
        "User": "0",
        "HostConfig": {
            "NetworkMode": "none",
            "PidsLimit": PIDS,
            "LogConfig": LOG,
            "Mounts": mounts,
            "CapDrop": ["ALL"],
            "CapAdd": _CAPABILITIES,
            "SecurityOpt": ["no-new-privileges"],
            # What serves somebody comes first.
            "CpuShares": 256,
        },
    }


def contents(task: Task) -> bytes:
    """Return what is put into the container before it starts."""
    script = (files("adapters.restic") / "task.sh").read_bytes()
    return archive({_SCRIPT: File(script, 0o500), _KEY: File(task.key)})


def _arguments(task: Task) -> list[str]:
    match task.verb:
        case "copy":
            return [
                task.owner_id,
                task.parent_id or "none",
                "waits" if task.waits else "at-once",
                *mounted(task),
            ]
        case "verify":
            return [task.owner_id, task.copy_id, "thoroughly" if task.is_thorough else "lightly"]
        case "restore":
            return [task.copy_id, *mounted(task)]
        case "forget":
            return [task.owner_id]


def _mount(volume: str, path: str, *, is_read_only: bool) -> Json:
    return {
        "Type": "volume",
        "Source": volume,
        "Target": path,
        "ReadOnly": is_read_only,
        "VolumeOptions": {"NoCopy": True},
    }
