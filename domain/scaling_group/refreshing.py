"""Templates, and how instances of an older one are replaced by those of the newest.

Rules
-----
* A refresh replaces instances a few at a time, each only when another one serves in its place.
* When an instance of the new template fails, the refresh fails; it goes back to the template before, or stops.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from eventsourcing.domain import event

from domain.aggregate import Aggregate
from domain.errors import Conflict
from domain.scaling_group.member import Member
from domain.scaling_group.scaling import Scaling
from domain.scaling_group.template import Template


class RefreshRuns(Conflict):
    """cannot do that while instances are being refreshed"""

    code = "refresh_runs"


@dataclass(frozen=True, slots=True)
class Refresh:
    """A refresh that runs: from which template to which."""

    from_version: int
    to_version: int
    rolls_back: bool
    started_at: datetime


class Refreshing(Scaling, is_abstract=True):
    """Replaces instances of older templates."""

    class TemplateChanged(Aggregate.Event):
        """What is launched from now on is launched from another template."""

        template: dict[str, Any]
        version: int

    class RefreshStarted(Aggregate.Event):
        """Every instance of an older template is to be replaced."""

        from_version: int
        to_version: int
        rolls_back: bool
        started_at: datetime

    class RefreshSucceeded(Aggregate.Event):
        """Every instance is of the template."""

        version: int

    class RefreshFailed(Aggregate.Event):
        """An instance of the new template failed; ``template_version`` is what is launched from now on."""

        reason: str
        template_version: int
        template: dict[str, Any]
        rolls_back: bool

    class RefreshCancelled(Aggregate.Event):
        """Somebody stopped the refresh; instances stay as they are."""

    @property
    def template(self) -> Template:
        """What is launched now."""
        return self.templates[self.template_version]

    def change_template(self, changes: Mapping[str, Any], environment: Mapping[str, str]) -> None:
        """Launch from another template from now on. Raises Invalid, RefreshRuns, BeingDeleted."""
        self.refuse_if_deleting()
        self._refuse_while_refreshing("change the template of")
        template = replace(self.template, **changes)
        template.check(environment)
        if template != self.template:
            self.trigger_event(
                self.TemplateChanged, template=template.as_json(), version=max(self.templates) + 1
            )

    def refresh(self, *, rolls_back: bool, now: datetime) -> None:
        """Replace every instance of an older template. Raises RefreshRuns, Conflict, BeingDeleted."""
        self.refuse_if_deleting()
        self._refuse_while_refreshing("refresh")
        older = [m for m in self.members.values() if m.template_version != self.template_version]
        if not older:
            raise Conflict(
                f"cannot refresh {self.name}: every instance is of its template already; change that first"
            )
        self.trigger_event(
            self.RefreshStarted,
            from_version=max(member.template_version for member in older),
            to_version=self.template_version,
            rolls_back=rolls_back,
            started_at=now,
        )

    def cancel_refresh(self) -> None:
        """Leave instances as they are. Raises Conflict."""
        if self.refreshing is None:
            raise Conflict(f"cannot cancel: no refresh of {self.name} runs")
        self.trigger_event(self.RefreshCancelled)

    def is_outdated(self, member: Member) -> bool:
        """Tell whether a refresh is to replace an instance; a protected one stays."""
        return (
            self.refreshing is not None
            and member.template_version != self.refreshing.to_version
            and not member.is_protected
        )

    def follow_refresh(self) -> None:
        """Note that a refresh is done, or that an instance of its template failed and what follows."""
        running = self.refreshing
        if running is None or self.is_deleting:
            return
        new = [m for m in self.members.values() if m.template_version == running.to_version]
        failed = next((m for m in new if m.unhealthy), None)
        if failed is not None:
            self._fail_refresh(running, f"{failed.name}: {failed.unhealthy}")
        elif not any(self.is_outdated(member) for member in self.members.values()) and all(
            member.entered_at for member in new
        ):
            self.trigger_event(self.RefreshSucceeded, version=running.to_version)

    def _fail_refresh(self, running: Refresh, reason: str) -> None:
        back = running.rolls_back
        version = running.from_version if back else running.to_version
        self.trigger_event(
            self.RefreshFailed,
            reason=reason,
            template_version=version,
            template=self.templates[version].as_json(),
            rolls_back=back,
        )

    def _refuse_while_refreshing(self, what: str) -> None:
        if self.refreshing is not None:
            raise RefreshRuns(
                f"cannot {what} {self.name}: a refresh to template {self.refreshing.to_version} runs; wait for it, or "
                "cancel it"
            )

    def _begin_refreshing(self, template: Template) -> None:
        self.templates = {1: template}
        self.refreshing: Refresh | None = None

    @event(TemplateChanged)
    def _template_changed(self, template: dict[str, Any], version: int) -> None:
        self.templates = {**self.templates, version: Template.from_json(template)}
        self.template_version = version

    @event(RefreshStarted)
    def _refresh_started(
        self,
        from_version: int,
        to_version: int,
        rolls_back: bool,  # noqa: FBT001
        started_at: datetime,
    ) -> None:
        self.refreshing = Refresh(from_version, to_version, rolls_back, started_at)

    @event(RefreshSucceeded)
    def _refresh_succeeded(self, version: int) -> None:  # noqa: ARG002 - for readers
        self.refreshing = None

    @event(RefreshFailed)
    def _refresh_failed(
        self,
        reason: str,  # noqa: ARG002 - for readers
        template_version: int,
        template: dict[str, Any],  # noqa: ARG002 - for readers
        rolls_back: bool,  # noqa: FBT001
    ) -> None:
        running = self.refreshing
        self.template_version = template_version
        # The way back is a refresh, too, but one that does not go forth again.
        self.refreshing = (
            Refresh(running.to_version, template_version, False, running.started_at)  # noqa: FBT003
            if rolls_back and running is not None
            else None
        )

    @event(RefreshCancelled)
    def _refresh_cancelled(self) -> None:
        self.refreshing = None
