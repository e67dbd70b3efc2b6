"""Security groups say which connections their members may accept and open; what no rule allows is dropped.

Rules
-----
* A group is in one VPC. Its name is unique there; `<name>.<VPC>` is unique in the account.
* A rule is about one direction, one protocol with its ports, and one other side: a range of addresses, or a group of
  the same VPC. No group has the same rule twice.
* Rules add up, those of all groups of a member, too. A connection that was let through stays, whatever becomes of the
  rules.
* A new group lets everything out and nothing in. The group `default`, which every VPC has from its creation to its
  deletion, lets everything in, too. Its rules can be changed as those of any other.
* A group that has a member, or that a rule of another group names, cannot be deleted.
* There is nothing to reconcile: a group is available as soon as it is created.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self
from uuid import UUID, uuid5

from domain import values
from domain.aggregate import Aggregate, Claim, name_scope
from domain.errors import Conflict, NotFound
from domain.managed import Managed
from domain.security_group.rule import ANYWHERE, DIRECTIONS, Rule
from domain.subnet import qualified
from domain.vpc import Vpc, use_claim

DEFAULT = "default"
MAX_RULES = 60
"""How many rules a group has for each direction, as on AWS."""
MAX_GROUPS = 5
"""How many groups a member has, as on AWS."""


class RuleExists(Conflict):
    """cannot give a security group the same rule twice"""

    code = "rule_exists"


class DefaultGroup(Conflict):
    """cannot delete the default security group of a VPC"""

    code = "default_group"


class UnknownRule(NotFound):
    """cannot find a rule of a security group"""

    code = "unknown_rule"


class SecurityGroup(Managed):
    """One security group."""

    PREFIX = "sg"
    IS_IN_VPC = True

    vpc_id: str
    vpc_name: str
    rules: tuple[Rule, ...]
    is_default: bool

    class CreateRequested(Aggregate.Created):
        """A group was created: by a request, or the default one with its VPC."""

        account_id: str
        name: str
        vpc_id: str
        vpc_name: str
        rules: list[dict[str, Any]]
        is_default: bool
        tags: dict[str, str]

        def apply(self, aggregate: "SecurityGroup") -> None:
            aggregate.vpc_id, aggregate.vpc_name = self.vpc_id, self.vpc_name
            aggregate.rules = tuple(Rule.of(each) for each in self.rules)
            aggregate.is_default = self.is_default
            aggregate.was_available = True
            aggregate.set_status("available")

    class RulesAuthorized(Aggregate.Event):
        """More is allowed."""

        rules: list[dict[str, Any]]

        def apply(self, aggregate: "SecurityGroup") -> None:
            aggregate.rules += tuple(Rule.of(each) for each in self.rules)

    class RulesRevoked(Aggregate.Event):
        """Less is allowed."""

        rules: list[dict[str, Any]]

        def apply(self, aggregate: "SecurityGroup") -> None:
            revoked = {each["id"] for each in self.rules}
            aggregate.rules = tuple(each for each in aggregate.rules if each.id not in revoked)

    class RulesDescribed(Aggregate.Event):
        """The same is allowed; rules have other descriptions."""

        rules: list[dict[str, Any]]

        def apply(self, aggregate: "SecurityGroup") -> None:
            described = {each["id"]: Rule.of(each) for each in self.rules}
            aggregate.rules = tuple(described.get(each.id, each) for each in aggregate.rules)

    @classmethod
    def create(cls, account_id: str, name: str, vpc: Vpc, tags: Mapping[str, str]) -> Self:
        """Request a group that lets everything out and nothing in. Raises Invalid."""
        group = cls._create(
            cls.CreateRequested,
            account_id=account_id,
            name=values.name(name),
            vpc_id=vpc.public_id,
            vpc_name=vpc.name,
            rules=[each.as_json() for each in new_rules()],
            is_default=False,
            tags=values.tags(tags),
        )
        group.conditions.claims += group.held_claims()
        group.conditions.requires.append(vpc.alive_claim())
        return group

    @classmethod
    def create_default(cls, vpc: Vpc) -> Self:
        """Return the default group of a VPC, which is saved with the VPC or later."""
        group = cls._create(
            cls.CreateRequested,
            id=default_group_id(vpc.id),
            account_id=vpc.account_id,
            name=DEFAULT,
            vpc_id=vpc.public_id,
            vpc_name=vpc.name,
            rules=[each.as_json() for each in default_rules()],
            is_default=True,
            tags={},
        )
        group.conditions.claims += group.held_claims()
        return group

    def authorize(self, rules: Sequence[Rule], peers: Iterable["SecurityGroup"] = ()) -> None:
        """Allow more; ``peers`` are the groups that the rules name. Raises BeingDeleted, RuleExists, Invalid."""
        self._change([*self.rules, *rules], peers)

    def revoke(self, rule_ids: Sequence[str]) -> None:
        """Allow less. Raises BeingDeleted, UnknownRule."""
        self.refuse_if_deleting()
        known = {each.id for each in self.rules}
        for rule_id in rule_ids:
            if rule_id not in known:
                raise UnknownRule(
                    f"cannot revoke {values.shown(rule_id)}: security group {self.name} has no such rule; show the "
                    "group to see its rules",
                    field="rule_id",
                )
        self._change([each for each in self.rules if each.id not in rule_ids], ())

    def replace_rules(self, rules: Sequence[Rule], peers: Iterable["SecurityGroup"] = ()) -> None:
        """Allow exactly this. Raises BeingDeleted, RuleExists, Invalid."""
        self._change(rules, peers)

    def refuse_to_delete(self) -> None:
        """Raise DefaultGroup."""
        if self.is_default:
            raise DefaultGroup(
                f"cannot delete the default security group of VPC {self.vpc_name}: it goes with the VPC; delete that, "
                "or revoke its rules"
            )

    def delete(self) -> None:
        """Delete it; refused on saving while it has a member, or a rule of another group names it."""
        if not self.is_deleting:
            super().delete()
            self.conditions.unused.append(group_use_scope(self.public_id))
            self.report_deleted()

    def delete_with_vpc(self) -> None:
        """Delete the default group with its VPC, in which nothing is."""
        if not self.is_deleting:
            self.trigger_event(self.DeleteRequested)
            self.report_deleted()

    def has_default_rules(self) -> bool:
        """Return whether it allows what a new group of its kind allows."""
        begins_with = default_rules() if self.is_default else new_rules()
        return {each.id for each in self.rules} == {each.id for each in begins_with}

    def name_claim(self) -> Claim:
        """Return the claim that makes its name unique in its VPC."""
        return Claim(name_scope(self.account_id, self.KIND), qualified(self.name, self.vpc_name), self.id)

    def alive_claim(self) -> Claim:
        """Return the claim that a new member, or a rule that names it, requires."""
        return Claim("alive", self.public_id, self.id)

    def held_claims(self) -> list[Claim]:
        """Return the claims on its name, that it lives, on its place in the VPC, and on the groups its rules name."""
        if self.status == "deleted":
            return []
        # The default group goes with its VPC, which it must not keep from being deleted.
        use = [] if self.is_default else [use_claim(self.vpc_id, self)]
        return [self.name_claim(), self.alive_claim(), *use, *self._reference_claims()]

    def _change(self, rules: Sequence[Rule], peers: Iterable["SecurityGroup"]) -> None:
        self.refuse_if_deleting()
        _refuse_twice(rules, self.name)
        _refuse_too_many(rules, self.name)
        by_id = {each.public_id: each for each in (*peers, self)}
        known = {each.id: each for each in self.rules}
        wanted = {each.id: each for each in rules}
        added = [each for each in rules if each.id not in known]
        removed = [each for each in self.rules if each.id not in wanted]
        described = [each for each in rules if each.id in known and each != known[each.id]]
        for rule in added:
            self._refuse_unless_peer(rule, by_id)
        before = self._reference_claims()
        for event, changed in (
            (self.RulesRevoked, removed),
            (self.RulesAuthorized, added),
            (self.RulesDescribed, described),
        ):
            if changed:
                self.trigger_event(event, rules=[each.as_json() for each in changed])
        after = self._reference_claims()
        self.conditions.releases += [each for each in before if each not in after]
        self.conditions.claims += [each for each in after if each not in before]
        named = {each.group_id for each in added} - {None, self.public_id}
        self.conditions.requires += [by_id[each].alive_claim() for each in sorted(filter(None, named))]

    def _refuse_unless_peer(self, rule: Rule, peers: Mapping[str, "SecurityGroup"]) -> None:
        if rule.group_id is None:
            return
        peer = peers.get(rule.group_id)
        if peer is None or peer.vpc_id != self.vpc_id:
            raise values.must("group", f"be a security group of VPC {self.vpc_name}", rule.group_name)

    def _reference_claims(self) -> list[Claim]:
        named = {each.group_id for each in self.rules} - {None, self.public_id}
        return [membership_claim(each, self) for each in sorted(filter(None, named))]


def new_rules() -> list[Rule]:
    """Return the rules of a new group: everything goes out."""
    return [Rule.allow("egress", "all", cidr=ANYWHERE)]


def default_rules() -> list[Rule]:
    """Return the rules that a default group begins with: everything goes in and out."""
    return [Rule.allow("ingress", "all", cidr=ANYWHERE), *new_rules()]


def default_group_id(vpc_id: UUID) -> UUID:
    """Return the id of the default group of a VPC."""
    return uuid5(vpc_id, "security-group/default")


def group_use_scope(group_id: str) -> str:
    """Return the scope that lists the members of a group, and the other groups with rules that name it."""
    parsed = values.parse_id(group_id)
    assert parsed is not None  # noqa: S101 - the id of a group that was found
    return f"security-group-use/{parsed[1]}"


def membership_claim(group_id: str, member: Aggregate) -> Claim:
    """Return the claim by which a resource is a member of a group, or a group names it in a rule."""
    return Claim(group_use_scope(group_id), member.public_id, member.id, member.name)


def _refuse_twice(rules: Sequence[Rule], name: str) -> None:
    for index, rule in enumerate(rules):
        if any(rule.id == each.id for each in rules[:index]):
            raise RuleExists(
                f"cannot allow {rule.what} twice: security group {name} has that rule ({rule.id}); leave it out",
                field=rule.direction,
            )


def _refuse_too_many(rules: Sequence[Rule], name: str) -> None:
    for direction in DIRECTIONS:
        count = sum(each.direction == direction for each in rules)
        if count > MAX_RULES:
            raise values.must(
                direction,
                f"have at most {MAX_RULES} rules",
                count,
                why=f"that is the limit of security group {name}; join ranges, or create another group",
            )
