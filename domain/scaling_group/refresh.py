"""A refresh: how instances of an older template are replaced by those of another one."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from domain.errors import Conflict
from domain.scaling_group.member import Member


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

    @property
    def version_after_failure(self) -> int:
        """The template that is launched after the refresh has failed."""
        return self.from_version if self.rolls_back else self.to_version

    def replaces(self, member: Member) -> bool:
        """Return whether an instance is to be replaced; a protected one stays."""
        return member.template_version != self.to_version and not member.is_protected

    def failed(self, members: Iterable[Member]) -> Member | None:
        """Return an instance of the new template that failed, if there is one."""
        return next((each for each in members if self._is_new(each) and each.unhealthy), None)

    def is_complete(self, members: Iterable[Member]) -> bool:
        """Return whether nothing is left to replace and every new instance is in service."""
        return not any(
            self.replaces(each) or (self._is_new(each) and not each.entered_at) for each in members
        )

    def back(self, version: int) -> "Refresh":
        """Return the refresh that rolls this one back; when that fails, there is no other one."""
        return Refresh(self.to_version, version, rolls_back=False, started_at=self.started_at)

    def _is_new(self, member: Member) -> bool:
        return member.template_version == self.to_version
