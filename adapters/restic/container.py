"""The container that a task runs in: which image, what is mounted, where the key is."""

from collections.abc import Sequence
from importlib.resources import files

from docker import APIClient
from docker.errors import NotFound

from adapters.docker.creation import LOG, PIDS, archive
from adapters.docker.engine import DockerEngine, Json
from adapters.docker.holds import PAUSES_LABEL
from adapters.docker.images import pull
from adapters.restic.targets import Place
from domain.errors import ImageMissing, Refused
from domain.ports import File
from domain.snapshot.copies import Task

TASK_LABEL = "miniaws.task"
"""On a container of ours: what it does."""
WAITS_LABEL = "miniaws.waits"
SOURCE_LABEL = "miniaws.source"
"""On one that transfers: the repository that it reads."""
_KEY = "/miniaws/key"
_SOURCE_KEY = "/miniaws/source-key"
_CREDENTIALS = "/miniaws/credentials"
_CA = "/miniaws/ca.pem"
_SCRIPT = "/miniaws/task.sh"
_CAPABILITIES = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "MKNOD", "SETFCAP", "KILL"]
"""What it takes to read and write files of any owner."""
_LIMITS: Json = {
    "PidsLimit": PIDS,
    "LogConfig": LOG,
    "CapDrop": ["ALL"],
    "CapAdd": _CAPABILITIES,
    "SecurityOpt": ["no-new-privileges"],
    # What serves somebody comes first.
    "CpuShares": 256,
}


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
    if task.source is not None:
        try:
            api.inspect_volume(engine.name(part(task.source.repository_id)))
        except NotFound:
            raise Refused(f"cannot copy {task.source.owner_id}: its repository is gone") from None


def mounted(task: Task) -> dict[str, str]:
    """Return what a task has mounted: path and volume."""
    if task.verb == "copy":
        return {f"/volumes/{volume_id}": volume_id for volume_id in task.volumes}
    # Under the name it was copied by: so it comes back with the owner and mode of its root.
    return {f"/volumes/{task.volumes[0]}": task.into} if task.verb == "restore" else {}


def part(repository_id: str) -> str:
    """Return what a repository is called that is here; so is the task of any repository."""
    return f"copies-{repository_id}"


def config(engine: DockerEngine, task: Task, place: Place | None, image: str) -> Json:
    """Return the body of the engine's create call. Neither a key nor a credential is in any of it."""
    labels = engine.labels(task.kind, f"{task.owner_id}.{task.verb}", task.account_id)
    labels |= {TASK_LABEL: task.verb}
    labels |= {WAITS_LABEL: "yes", PAUSES_LABEL: "yes"} if task.waits else {}
    labels |= {SOURCE_LABEL: task.source.repository_id} if task.source else {}
    repository, mounts = _repository(engine, task, place)
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
            *_environment(place),
        ],
        "Labels": labels,
        "User": "0",
        "HostConfig": {
            # As the host reaches it: what answers S3 may be on the host itself, or where only the host gets to.
            "NetworkMode": "host" if place is not None and place.is_remote else "none",
            "Mounts": mounts,
            **_LIMITS,
        },
    }


def contents(task: Task, place: Place | None) -> bytes:
    """Return what is put into the container before it starts."""
    script = (files("adapters.restic") / "task.sh").read_bytes()
    found = {_SCRIPT: File(script, 0o500), _KEY: File(task.key)}
    if task.source is not None:
        found[_SOURCE_KEY] = File(task.source.key)
    if place is not None and place.is_remote:
        found[_CREDENTIALS] = File(place.credentials)
        found |= {_CA: File(place.ca)} if place.ca is not None else {}
    return archive(found)


def _repository(engine: DockerEngine, task: Task, place: Place | None) -> tuple[str, list[Json]]:
    """Return where the repository is for the task, and what it takes to get there."""
    source = engine.name(part(task.source.repository_id)) if task.source else ""
    mounts = [_mount(source, "/source", is_read_only=True)] if source else []
    if place is None:
        name = engine.name(part(task.repository_id))
        return "/repository", [_mount(name, "/repository", is_read_only=False), *mounts]
    if place.is_remote:
        return f"{place.location}/{task.repository_id}", mounts
    # A folder that is not there is refused by the engine, not made up: the disk may not be mounted.
    bind = {"Type": "bind", "Source": place.location, "Target": "/target", "ReadOnly": False}
    return f"/target/{task.repository_id}", [bind, *mounts]


def _environment(place: Place | None) -> list[str]:
    if place is None or not place.is_remote:
        return []
    return [f"AWS_SHARED_CREDENTIALS_FILE={_CREDENTIALS}", f"AWS_DEFAULT_REGION={place.region}"]


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
