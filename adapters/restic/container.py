"""The container of a task: its image, its mounts, and its key."""

from importlib.resources import files

from docker import APIClient
from docker.errors import NotFound

from adapters.docker.creation import LOG, PIDS, archive
from adapters.docker.engine import DockerEngine, Json
from adapters.docker.holds import PAUSES_LABEL
from adapters.restic.targets import TargetLocation
from domain.errors import Refused
from domain.ports import File
from domain.snapshot.copies import Task

TASK_LABEL = "miniaws.task"
"""Label of a container: its task."""
WAITS_LABEL = "miniaws.waits"
SOURCE_LABEL = "miniaws.source"
"""Label of a transfer: the repository that it reads."""
_KEY = "/miniaws/key"
_SOURCE_KEY = "/miniaws/source-key"
_CREDENTIALS = "/miniaws/credentials"
_CA = "/miniaws/ca.pem"
_SCRIPT = "/miniaws/task.sh"
_CAPABILITIES = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "MKNOD", "SETFCAP", "KILL"]
"""The capabilities to read and write files of any owner."""
_LIMITS: Json = {
    "PidsLimit": PIDS,
    "LogConfig": LOG,
    "CapDrop": ["ALL"],
    "CapAdd": _CAPABILITIES,
    "SecurityOpt": ["no-new-privileges"],
    # Serving workloads have priority.
    "CpuShares": 256,
}


def refuse_without_volumes(api: APIClient, engine: DockerEngine, task: Task) -> None:
    """Refuse when a volume is missing: the engine would create an empty one."""
    for volume_id in mounted(task).values():
        try:
            api.inspect_volume(engine.name(volume_id))
        except NotFound:
            raise Refused(f"cannot {task.verb} {volume_id}: the volume is gone") from None
    if task.source is not None:
        try:
            api.inspect_volume(engine.name(part(task.source.repository_id)))
        except NotFound:
            raise Refused(f"cannot copy {task.source.owner_id}: its repository is gone") from None


def mounted(task: Task) -> dict[str, str]:
    """Return the mounts of a task: path and volume."""
    if task.verb == "copy":
        return {f"/volumes/{volume_id}": volume_id for volume_id in task.volumes}
    # Under the name of the copy, so that owner and mode of the root are restored.
    return {f"/volumes/{task.volumes[0]}": task.into} if task.verb == "restore" else {}


def part(repository_id: str) -> str:
    """Return the name of a local repository, and of the task of any repository."""
    return f"copies-{repository_id}"


def config(engine: DockerEngine, task: Task, target: TargetLocation | None, image: str) -> Json:
    """Return the body of the engine's create call, which contains no keys or credentials."""
    labels = engine.labels(task.kind, f"{task.owner_id}.{task.verb}", task.account_id)
    labels |= {TASK_LABEL: task.verb}
    labels |= {WAITS_LABEL: "yes", PAUSES_LABEL: "yes"} if task.waits else {}
    labels |= {SOURCE_LABEL: task.source.repository_id} if task.source else {}
    repository, mounts = _repository(engine, task, target)
    mounts += [
        _mount(engine.name(volume_id), path, is_read_only=task.verb == "copy")
        for path, volume_id in mounted(task).items()
    ]
    return {
        "Image": image,
        "Hostname": "miniaws",
        "Entrypoint": ["/bin/sh", _SCRIPT],
        "Cmd": [task.verb, *_arguments(task)],
        "Env": [
            *(f"RESTIC_REPOSITORY={repository}", f"RESTIC_PASSWORD_FILE={_KEY}", "RESTIC_PROGRESS_FPS=1"),
            *_environment(target),
        ],
        "Labels": labels,
        "User": "0",
        "HostConfig": {
            # In the host's network: the S3 server may be on the host, or reachable only from it.
            "NetworkMode": "host" if target is not None and target.is_remote else "none",
            "Mounts": mounts,
            **_LIMITS,
        },
    }


def contents(task: Task, target: TargetLocation | None) -> bytes:
    """Return the files that are copied into the container before it starts."""
    script = (files("adapters.restic") / "task.sh").read_bytes()
    found = {_SCRIPT: File(script, 0o500), _KEY: File(task.key)}
    if task.source is not None:
        found[_SOURCE_KEY] = File(task.source.key)
    if target is not None and target.is_remote:
        found[_CREDENTIALS] = File(target.credentials)
        found |= {_CA: File(target.ca)} if target.ca is not None else {}
    return archive(found)


def _repository(engine: DockerEngine, task: Task, target: TargetLocation | None) -> tuple[str, list[Json]]:
    """Return the location of the repository for the task, and the files that it needs to access it."""
    source = engine.name(part(task.source.repository_id)) if task.source else ""
    mounts = [_mount(source, "/source", is_read_only=True)] if source else []
    if target is None:
        name = engine.name(part(task.repository_id))
        return "/repository", [_mount(name, "/repository", is_read_only=False), *mounts]
    if target.is_remote:
        return f"{target.location}/{task.repository_id}", mounts
    # The engine refuses a missing folder and does not create it: the disk may not be mounted.
    bind = {"Type": "bind", "Source": target.location, "Target": "/target", "ReadOnly": False}
    return f"/target/{task.repository_id}", [bind, *mounts]


def _environment(target: TargetLocation | None) -> list[str]:
    if target is None or not target.is_remote:
        return []
    return [f"AWS_SHARED_CREDENTIALS_FILE={_CREDENTIALS}", f"AWS_DEFAULT_REGION={target.region}"]


def _arguments(task: Task) -> list[str]:
    match task.verb:
        case "copy":
            return [
                task.owner_id,
                task.parent_id or "none",
                "waits" if task.waits else "at-once",
                *mounted(task),
            ]
        case "transfer":
            assert task.source is not None  # noqa: S101 - what a transfer has
            return [task.owner_id, task.source.owner_id, task.source.copy_id]
        case "verify":
            return [task.owner_id, task.copy_id, "thoroughly" if task.is_thorough else "lightly"]
        case "restore":
            return [task.copy_id, *mounted(task)]
        case "forget":
            return [task.owner_id, "last" if task.is_last else "one"]


def _mount(volume: str, path: str, *, is_read_only: bool) -> Json:
    return {
        "Type": "volume",
        "Source": volume,
        "Target": path,
        "ReadOnly": is_read_only,
        "VolumeOptions": {"NoCopy": True},
    }
