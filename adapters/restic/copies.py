"""Copies of volumes by restic, in containers: the engine can be remote, and the host needs no software.

A repository is a volume of the engine, or is at a target. Its only task is a container of the same name, so that
the engine prevents a second task. Tasks run without supervision.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import cast

from docker import APIClient
from docker.errors import APIError, NotFound

from adapters.docker import output
from adapters.docker.creation import refuse_made_up_volumes
from adapters.docker.engine import CONFLICT, DockerEngine, Json
from adapters.docker.times import moment_or_none
from adapters.restic import container as task_container
from adapters.restic.container import part
from adapters.restic.messages import TaskMessages, messages_in
from adapters.restic.targets import TargetsFile
from domain.errors import Refused
from domain.ports import ContainerState
from domain.snapshot.copies import CopyResult, SeenTask, Task, TaskState, User, Verb

_CANNOT_BE_READ = 20
"""The exit code of a task when a copy is damaged; see ``task.sh``."""
_MAKES: set[Verb] = {"copy", "transfer"}
_TAIL = 200
_GO = "SIGUSR1"
_STATES: dict[str, ContainerState] = {"removing": "dead"}
_GOING = {"removing", "dead"}


class ResticCopies:
    """Stores copies of volumes in restic repositories. ``images`` are the possible images, the preferred first."""

    def __init__(self, engine: DockerEngine, images: Sequence[str], targets: TargetsFile) -> None:
        self._engine = engine
        self._images = images
        self._targets = targets

    async def begin(self, task: Task) -> bool:
        """Start this task; False while the repository has another one. Other tasks interrupt a verification."""
        return await self._engine.run(f"{task.verb} for {task.owner_id}", lambda api: self._begin(api, task))

    async def look(self, repository_id: str, owner_id: str) -> SeenTask | None:
        """Return the task of the resource, or None."""
        seen = await self._find(repository_id, owner_id)
        if seen is None:
            return None
        try:
            lines = [
                line
                async for line in output.logs(self._engine, part(repository_id), follow=False, tail=_TAIL)
            ]
        except Refused:
            # A task that has ended may be removed between the two calls.
            seen = await self._find(repository_id, owner_id)
            if seen is None or seen["State"]["Status"] in _GOING:
                return None
            raise
        return _seen(seen, messages_in(lines))

    async def end(self, repository_id: str, owner_id: str, timeout_s: float = 0) -> None:
        """Remove the task of this resource, when it has ended by itself or after a timeout."""
        seen = await self._find(repository_id, owner_id)
        if seen is None:
            return
        if timeout_s and seen["State"]["Running"]:
            try:
                async with asyncio.timeout(timeout_s):
                    await self._engine.call("wait for a task", "POST", "/containers/{}/wait", seen["Id"])
            except TimeoutError:
                pass
        await self._engine.run(f"end the task of {owner_id}", lambda api: _remove(api, seen["Id"]))

    async def users(self, volume_ids: tuple[str, ...]) -> list[User]:
        """Return the containers that mount the volumes, running or not, except tasks."""
        found = await self._engine.run("look who uses volumes", lambda api: self._users(api, volume_ids))
        return [self._user(container) for container in found]

    async def pause(self, volume_ids: tuple[str, ...]) -> list[str]:
        """Pause every running container of ours that mounts the volumes; return their names."""
        paused = await self._each(volume_ids, "running", lambda api, id_: api.pause(id_))
        return [_name(container) for container in paused]

    async def proceed(self, repository_id: str, owner_id: str) -> CopyResult:
        """Make a waiting task read its volumes, and return when it is done. Raises Refused when it fails."""
        name = self._engine.name(part(repository_id))
        await self._engine.run(f"copy for {owner_id}", lambda api: api.kill(name, _GO))
        messages = TaskMessages()
        async for line in output.logs(self._engine, part(repository_id), follow=True, tail=_TAIL):
            messages.add(line)
            if messages.phase == "copying" and messages.copied:
                return messages.copied
        raise Refused(f"cannot copy {owner_id}: {messages.error or 'the task ended early'}")

    async def release(self, volume_ids: tuple[str, ...]) -> None:
        """Resume every paused container of ours that mounts the volumes."""
        await self._each(volume_ids, "paused", lambda api, id_: api.unpause(id_))

    async def discard(self, repository_id: str) -> None:
        """Remove the repository."""

        def remove(api: APIClient) -> None:
            try:
                api.remove_volume(self._engine.name(part(repository_id)))
            except NotFound:
                return

        await self._engine.run("remove a repository", remove)

    def _begin(self, api: APIClient, task: Task) -> bool:
        name = self._engine.name(part(task.repository_id))
        present = self._inspect(api, name)
        if present is not None and _verb(present) == "verify" != task.verb:
            _remove(api, present["Id"])
            present = None
        if present is None:
            if self._would_disturb(api, task):
                return False
            present = self._create(api, task, name)
        if not self._is_of(present, task.owner_id):
            return False
        if present["State"]["Status"] == "created":
            refuse_made_up_volumes(api, self._engine, present)
            api.start(present["Id"])
        return True

    def _would_disturb(self, api: APIClient, task: Task) -> bool:
        """Return whether it would delete a copy that is being transferred, or transfer one that is being deleted.

        If both start at the same time nevertheless, the transfer fails, and is retried.
        """
        if task.verb == "forget":
            only = self._engine.only()["label"]
            only.append(f"{task_container.SOURCE_LABEL}={task.repository_id}")
            return bool(api.containers(filters={"label": only}))
        if task.source is None:
            return False
        other = self._inspect(api, self._engine.name(part(task.source.repository_id)))
        return other is not None and _verb(other) == "forget"

    def _create(self, api: APIClient, task: Task, name: str) -> Json:
        task_container.refuse_without_volumes(api, self._engine, task)
        image = self._engine.preparations.ready(api, self._images)
        target = self._targets.location(task.target) if task.target else None
        if target is None:
            # Also when the repository should exist: the engine would create it without labels.
            api.create_volume(
                name, labels=self._engine.labels("snapshot", part(task.repository_id), task.account_id)
            )
        # Only of this resource: another one may be about to start a task of the same repository.
        making = f"{name}.{task.owner_id}.making"
        _remove(api, making)
        api.create_container_from_config(task_container.config(self._engine, task, target, image), making)
        api.put_archive(making, "/", task_container.contents(task, target))
        try:
            # Its name locks the repository; it gets the name when it is complete.
            api.rename(making, name)
        except APIError as error:
            if error.status_code != CONFLICT:
                raise
            _remove(api, making)
        return api.inspect_container(name)

    async def _find(self, repository_id: str, owner_id: str) -> Json | None:
        name = self._engine.name(part(repository_id))
        found = await self._engine.run("look at a task", lambda api: self._inspect(api, name))
        return found if found is not None and self._is_of(found, owner_id) else None

    def _inspect(self, api: APIClient, name: str) -> Json | None:
        try:
            return api.inspect_container(name)
        except NotFound:
            return None

    def _is_of(self, container: Json, owner_id: str) -> bool:
        labels = container["Config"]["Labels"] or {}
        return (
            task_container.TASK_LABEL in labels and labels.get("miniaws.id", "").partition(".")[0] == owner_id
        )

    def _users(self, api: APIClient, volume_ids: tuple[str, ...]) -> list[Json]:
        found: dict[str, Json] = {}
        for volume_id in volume_ids:
            listed: list[Json] = api.containers(all=True, filters={"volume": self._engine.name(volume_id)})
            for each in listed:
                if task_container.TASK_LABEL not in (each["Labels"] or {}) and (
                    seen := self._inspect(api, each["Id"])
                ):
                    found[each["Id"]] = seen
        return list(found.values())

    def _is_ours(self, container: Json) -> bool:
        labels = container["Config"]["Labels"] or {}
        return labels.get("miniaws.cloud") == self._engine.cloud

    def _user(self, container: Json) -> User:
        status = container["State"]["Status"]
        state = _STATES.get(status, cast("ContainerState", status))
        started_at = moment_or_none(container["State"]["StartedAt"])
        return User(_name(container), state, started_at, self._is_ours(container))

    async def _each(
        self, volume_ids: tuple[str, ...], state: str, act: Callable[[APIClient, str], object]
    ) -> list[Json]:
        """Act on every container of ours in a state, in parallel; ignore those that have just left it."""
        found = await self._engine.run("look who uses volumes", lambda api: self._users(api, volume_ids))
        wanted = [each for each in found if each["State"]["Status"] == state and self._is_ours(each)]

        def attempt(api: APIClient, container: Json) -> bool:
            try:
                act(api, container["Id"])
            except APIError:
                now = self._inspect(api, container["Id"])
                if now is not None and now["State"]["Status"] == state:
                    raise
                return False
            return True

        tasks = [
            self._engine.run(f"pause or resume {_name(each)}", lambda api, each=each: attempt(api, each))
            for each in wanted
        ]
        done = await asyncio.gather(*tasks)
        return [each for each, acted in zip(wanted, done, strict=True) if acted]


def _name(container: Json) -> str:
    """Return the id of the resource of a container, or the container's name when it is not ours."""
    labels = container["Config"]["Labels"] or {}
    return labels.get("miniaws.id") or container["Name"].lstrip("/")


def _verb(container: Json) -> str | None:
    return (container["Config"]["Labels"] or {}).get(task_container.TASK_LABEL)


def _remove(api: APIClient, container: str) -> None:
    try:
        api.remove_container(container, force=True, v=True)
    except NotFound:
        return
    except APIError as error:
        if error.status_code != CONFLICT:
            raise


def _seen(container: Json, messages: TaskMessages) -> SeenTask:
    labels, state = container["Config"]["Labels"], container["State"]
    verb, waits = cast("Verb", labels[task_container.TASK_LABEL]), task_container.WAITS_LABEL in labels
    started_at = moment_or_none(state["StartedAt"])
    if state["Status"] in {"exited", "dead", "removing"}:
        is_well = state["ExitCode"] == 0 and (verb not in _MAKES or messages.copied is not None)
        return SeenTask(
            verb,
            "ended" if is_well else "failed",
            waits,
            started_at,
            copied=messages.copied,
            reason=None if is_well else messages.error or f"it ended with code {state['ExitCode']}",
            is_damage=state["ExitCode"] == _CANNOT_BE_READ,
        )
    state_: TaskState = "ready" if messages.phase == "ready" else "running"
    return SeenTask(verb, state_, waits, started_at, messages.percent)
