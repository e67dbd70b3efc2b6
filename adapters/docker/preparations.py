"""Missing images, pulled from a registry or built from a recipe in the background."""

import subprocess
import time
from collections.abc import Sequence
from threading import Event, Lock, Thread

from docker import APIClient
from docker.errors import APIError, DockerException
from requests.exceptions import RequestException

from adapters.docker.client import EngineClient, Timeouts
from adapters.docker.local_images import find, reference_of
from adapters.docker.reasons import plain
from adapters.images.recipe import command, role_of
from domain.errors import ImageMissing, ImagePending

_AT_ONCE_S = 2.0
"""Seconds before a preparation is reported as in progress."""
_SILENCE_S = 60
"""Seconds without data after which a pull has failed."""
_FIRST_BACKOFF_S, _LONGEST_BACKOFF_S = 5.0, 300.0


class Preparations:
    """Pulls and builds images on one engine, each only once at a time."""

    def __init__(self, docker_host: str, *, allow_pull: bool = True) -> None:
        self._host = docker_host
        self._allow_pull = allow_pull
        self._guard = Lock()
        self._attempts: dict[str, _Attempt] = {}

    def ready(self, api: APIClient, images: Sequence[str]) -> str:
        """Return the first of the images that exists.

        If none exists, the first one that is available is pulled or built in the background. Raises ImagePending until
        then, with the progress, and ImageMissing when none is available; a later call tries again.
        """
        for image in images:
            if name := find(api, image):
                with self._guard:
                    self._attempts.pop(image, None)
                return name
        for image in images:
            if role_of(image) is None and not self._allow_pull:
                continue
            attempt = self._attempt(image)
            attempt.ended.wait(_AT_ONCE_S if attempt.is_new() else 0)
            if not attempt.ended.is_set():
                raise ImagePending(attempt.progress())
            if attempt.failure is None and (name := find(api, image)):
                return name
        raise ImageMissing("; ".join(self._failure(image) for image in images))

    def close(self) -> None:
        """Abort all attempts; the next controller starts again."""
        with self._guard:
            attempts, self._attempts = self._attempts, {}
        for attempt in attempts.values():
            attempt.cancel()

    def _attempt(self, image: str) -> "_Attempt":
        """Return the current attempt, or one that has failed too recently to try again."""
        with self._guard:
            last = self._attempts.get(image)
            if last is None or last.may_be_repeated():
                failures = last.failures if last is not None else 0
                kind = _Pull if role_of(image) is None else _Build
                self._attempts[image] = kind(self._host, image, failures)
                self._attempts[image].start()
            return self._attempts[image]

    def _failure(self, image: str) -> str:
        with self._guard:
            attempt = self._attempts.get(image)
        return (
            attempt.failure if attempt else None
        ) or f"cannot find the image {image}: it does not exist on this host"


class _Attempt:
    """One attempt to get an image."""

    doing = "preparing"

    def __init__(self, docker_host: str, image: str, failures: int) -> None:
        self.ended = Event()
        self.failure: str | None = None
        self.failures = failures
        self._host = docker_host
        self._image = image
        self._began = time.monotonic()
        self._ended_at = 0.0
        self._step = ""
        self._reported = (-1, "")

    def start(self) -> None:
        """Start in the background."""
        Thread(target=self._run, name=f"image-{self._image}", daemon=True).start()

    def cancel(self) -> None:
        """End it."""

    def is_new(self) -> bool:
        """Return whether it has just started."""
        return time.monotonic() - self._began < _AT_ONCE_S

    def may_be_repeated(self) -> bool:
        """Return whether it has ended, and long enough ago if it failed."""
        if not self.ended.is_set():
            return False
        backoff = min(_FIRST_BACKOFF_S * 2 ** (self.failures - 1), _LONGEST_BACKOFF_S)
        return self.failure is None or time.monotonic() - self._ended_at > backoff

    def progress(self) -> str:
        """Return the progress as text that changes every ten seconds at most: each change becomes an event."""
        seconds = int(time.monotonic() - self._began)
        every = 10 if seconds < 60 else 30 if seconds < 300 else 60
        seconds -= seconds % every
        if seconds != self._reported[0]:
            so_far = f", {seconds} s so far" if seconds else ""
            self._reported = (seconds, f"{self.doing} the image {self._image}{self._step}{so_far}")
        return self._reported[1]

    def _run(self) -> None:
        try:
            self.failure = self._work()
        except (DockerException, RequestException, OSError) as error:
            self.failure = f"{self.doing} the image {self._image} failed: {error}"
        self.failures = self.failures + 1 if self.failure else 0
        self._ended_at = time.monotonic()
        self.ended.set()

    def _work(self) -> str | None:
        """Run the attempt; return the reason of a failure, or None."""
        raise NotImplementedError


class _Build(_Attempt):
    """Builds from a recipe, in a separate process that can be stopped."""

    doing = "building"

    _process: subprocess.Popen[str] | None = None

    def cancel(self) -> None:
        """Stop the program."""
        if self._process is not None:
            self._process.terminate()

    def _work(self) -> str | None:
        last = ""
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            command("--engine", self._host, str(role_of(self._image))),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )
        with self._process as process:
            for line in process.stderr or ():
                last = line.strip() or last
                if not last.startswith("error: "):
                    self._step = f" ({last})"
        if process.returncode == 0:
            return None
        if last.startswith("error: "):
            return last.removeprefix("error: ")
        return f"cannot build {self._image}: the build was ended ({last or 'before it began'})"


class _Pull(_Attempt):
    """Pulls from a registry."""

    doing = "fetching"

    def _work(self) -> str | None:
        reason = self._fetch()
        if reason is None:
            return None
        return (
            f"cannot find the image {self._image}: it does not exist on this host, and pulling it failed: "
            f"{plain(reason)}; check its name, or build or load it on this host"
        )

    def _fetch(self) -> str | None:
        reference = reference_of(self._image)
        which = reference.digest or reference.tag
        reason, layers = None, dict[str, bool]()
        api = EngineClient(self._host, Timeouts(_SILENCE_S, _SILENCE_S), pool_size=1)
        try:
            for step in api.pull(reference.repository, which, stream=True, decode=True):
                reason = step.get("error", reason)
                if step.get("id") and step.get("status") != f"Pulling from {reference.path}":
                    layers[step["id"]] = step["status"] in {"Pull complete", "Already exists"}
                    self._step = f" ({sum(layers.values())} of {len(layers)} layers)"
        except APIError as error:
            return str(error.explanation)
        except RequestException:
            return f"the registry sent nothing for {_SILENCE_S} s"
        finally:
            api.close()
        return reason
