"""The instances of a group, and how long launches wait after failures."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from domain.errors import NotFound
from domain.scaling_group.member import Member
from domain.values import shown

FIRST_PAUSE_S = 5
LONGEST_PAUSE_S = 300


@dataclass(frozen=True, slots=True, eq=False)
class Members(Mapping[str, Member]):
    """The instances of a group by id."""

    by_id: Mapping[str, Member] = field(default_factory=dict[str, Member])

    def put(self, member: Member) -> "Members":
        """Return them with an instance added or replaced."""
        return Members({**self.by_id, member.instance_id: member})

    def without(self, instance_id: str) -> "Members":
        """Return them without an instance."""
        return Members({id_: each for id_, each in self.by_id.items() if id_ != instance_id})

    def find(self, id_or_name: str, group: str) -> Member:
        """Return an instance. Raises NotFound."""
        for member in self.by_id.values():
            if id_or_name in {member.instance_id, member.name}:
                return member
        raise NotFound(
            f"cannot find {shown(id_or_name)} in {group}: show the group to see its instances",
            field="instance",
        )

    @property
    def serving(self) -> int:
        """The number of instances that are in service and stay there."""
        return sum(member.serves for member in self.by_id.values())

    @property
    def staying(self) -> list[Member]:
        """The instances whose termination was not requested."""
        return [member for member in self.by_id.values() if not member.is_leaving]

    def __getitem__(self, instance_id: str) -> Member:
        """Return an instance by its id."""
        return self.by_id[instance_id]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the ids, the oldest first."""
        return iter(self.by_id)

    def __len__(self) -> int:
        """Return how many there are, those that are leaving included."""
        return len(self.by_id)


def pause(failures: int) -> timedelta:
    """Return how long the next launch waits after some launches in a row failed: twice as long each time."""
    return timedelta(seconds=min(FIRST_PAUSE_S * 2 ** min(failures - 1, 10), LONGEST_PAUSE_S))
