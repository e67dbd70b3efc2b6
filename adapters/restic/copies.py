"""Copies of volumes by restic, in containers beside them: the engine may be anywhere, and the host needs nothing.

A repository is a volume of the engine, or lies at a target. Its one task is the container of the same name, so that
the engine itself keeps a second one away, whoever asks for it. Nobody needs to look while a task runs.
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
from adapters.restic import container as place
from adapters.restic.container import part
from adapters.restic.targets import TargetsFile
from adapters.restic.words import Words, heard
from domain.errors import Refused
from domain.ports import ContainerState
from domain.snapshot.copies import Copied, SeenTask, Task, TaskState, User, Verb

_CANNOT_BE_READ = 20
"""What a task ends with when a copy is damaged; see ``task.sh``."""
_MAKES: set[Verb] = {"copy", "transfer"}
_TAIL = 200
_GO = "SIGUSR1"
_STATES: dict[str, ContainerState] = {"removing": "dead"}


class ResticCopies:
    """Keeps copies of volumes in repositories of restic. ``images`` are those it may run in, the best first."""

    def __init__(self, engine: DockerEngine, images: Sequence[str], targets: TargetsFile) -> None:
        self._engine = engine
        self._images = images
        self._targets = targets

    async def begin(self, task: Task) -> bool:
        """Have this task under way; False while the repository has another one. Verifying gives way to the rest."""
        return await self._engine.run(f"{task.verb} for {task.owner_id}", lambda api: self._begin(api, task))

    async def look(self, repository_id: str, owner_id: str) -> SeenTask | None:
        """Return the task that the resource has begun, or None when it has none."""
        seen = await self._find(repository_id, owner_id)
        if seen is None:
            return None
        lines = [
            line async for line in output.logs(self._engine, part(repository_id), follow=False, tail=_TAIL)
        ]
        return _seen(seen, heard(lines))

    async def end(self, repository_id: str, owner_id: str, patience_s: float = 0) -> None:
        """Have no task of this resource, once it has ended by itself or the patience is over."""
        seen = await self._find(repository_id, owner_id)
        if seen is None:
            return
        if patience_s and seen["State"]["Running"]:
            try:
                async with asyncio.timeout(patience_s):
                    await self._engine.call("wait for a task", "POST", f"/containers/{seen['Id']}/wait")
            except TimeoutError:
                pass
        await self._engine.run(f"end the task of {owner_id}", lambda api: _remove(api, seen["Id"]))

    async def users(self, volume_ids: tuple[str, ...]) -> list[User]:
        """Return who has the volumes mounted, running or not, besides tasks."""
        found = await self._engine.run("look who uses volumes", lambda api: self._users(api, volume_ids))
        return [self._user(container) for container in found]

    async def pause(self, volume_ids: tuple[str, ...]) -> list[str]:
        """Have every container of ours that mounts the volumes and runs paused; return their names."""
        paused = await self._each(volume_ids, "running", lambda api, id_: api.pause(id_))
        return [_name(container) for container in paused]

    async def proceed(self, repository_id: str, owner_id: str) -> Copied:
        """Let a task that is ready read its volumes, and return when it has. Raises Refused when it fails."""
        name = self._engine.name(part(repository_id))
        await self._engine.run(f"copy for {owner_id}", lambda api: api.kill(name, _GO))
        words = Words()
        async for line in output.logs(self._engine, part(repository_id), follow=True, tail=_TAIL):
            words.hear(line)
            if words.phase == "copying" and words.copied:
                return words.copied
        raise Refused(f"cannot copy for {owner_id}: {words.complaint or 'the task ended early'}")

    async def release(self, volume_ids: tuple[str, ...]) -> None:
        """Have no container of ours that mounts the volumes paused."""
        await self._each(volume_ids, "paused", lambda api, id_: api.unpause(id_))

    async def discard(self, repository_id: str) -> None:
        """Have no such repository."""

        def remove(api: APIClient) -> None:
            try:
                api.remove_volume(self._engine.name(part(repository_id)))
            except NotFound:
                return

        await self._engine.run("remove a repository", remove)

    def _begin(self, api: APIClient, task: Task) -> bool:
        name = self._engine.name(part(task.repository_id))
        present = self._inspect(api, name)
        if present is not None and present["Config"]["Labels"][place.TASK_LABEL] == "verify" != task.verb:
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
        """Tell whether it would forget what is transferred, or transfer what is being forgotten.

        Should both begin at once all the same, the transfer fails, and is begun again.
        """
        if task.verb == "forget":
            only = self._engine.only()["label"]
            only.append(f"{place.SOURCE_LABEL}={task.repository_id}")
            return bool(api.containers(filters={"label": only}))
        if task.source is None:
            return False
        other = self._inspect(api, self._engine.name(part(task.source.repository_id)))
        return other is not None and other["Config"]["Labels"][place.TASK_LABEL] == "forget"

    def _create(self, api: APIClient, task: Task, name: str) -> Json:
        place.refuse_without_volumes(api, self._engine, task)
        image = place.image(api, self._images)
        target = self._targets.place(task.target) if task.target else None
        if target is None:
            # Also when the repository should be there: the engine would make it up without labels.
            api.create_volume(
                name, labels=self._engine.labels("snapshot", part(task.repository_id), task.account_id)
            )
        # Of this resource alone: another one may be about to begin a task of the same repository.
        making = f"{name}.{task.owner_id}.making"
        _remove(api, making)
        api.create_container_from_config(place.config(self._engine, task, target, image), making)
        api.put_archive(making, "/", place.contents(task, target))
        try:
            # Its name is what keeps others away; it has it only when it is complete.
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
        return container["Config"]["Labels"].get("miniaws.id", "").partition(".")[0] == owner_id

    def _users(self, api: APIClient, volume_ids: tuple[str, ...]) -> list[Json]:
        found: dict[str, Json] = {}
        for volume_id in volume_ids:
            listed: list[Json] = api.containers(all=True, filters={"volume": self._engine.name(volume_id)})
            for each in listed:
                if place.TASK_LABEL not in each["Labels"] and (seen := self._inspect(api, each["Id"])):
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
        """Act on every container of ours in a state, all at once; one that has just left it is left alone."""
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
            self._engine.run(f"pause or go on with {_name(each)}", lambda api, each=each: attempt(api, each))
            for each in wanted
        ]
        done = await asyncio.gather(*tasks)
        return [each for each, acted in zip(wanted, done, strict=True) if acted]


def _name(container: Json) -> str:
    """Return the id of the resource a container belongs to, or its own name when it is none of ours."""
    labels = container["Config"]["Labels"] or {}
    return labels.get("miniaws.id") or container["Name"].lstrip("/")


def _remove(api: APIClient, container: str) -> None:
    try:
        api.remove_container(container, force=True, v=True)
    except NotFound:
        return
    except APIError as error:
        if error.status_code != CONFLICT:
            raise


def _seen(container: Json, words: Words) -> SeenTask:
    labels, state = container["Config"]["Labels"], container["State"]
    verb, waits = cast("Verb", labels[place.TASK_LABEL]), place.WAITS_LABEL in labels
    started_at = moment_or_none(state["StartedAt"])
    if state["Status"] in {"exited", "dead", "removing"}:
        is_well = state["ExitCode"] == 0 and (verb not in _MAKES or words.copied is not None)
        return SeenTask(
            verb,
            "ended" if is_well else "failed",
            waits,
            started_at,
            copied=words.copied,
            reason=None if is_well else words.complaint or f"it ended with code {state['ExitCode']}",
            is_damage=state["ExitCode"] == _CANNOT_BE_READ,
        )
    state_: TaskState = "ready" if words.phase == "ready" else "running"
    return SeenTask(verb, state_, waits, started_at, words.percent)
