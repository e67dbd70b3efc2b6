"""Security groups decide which connections are let through.

``rule`` one rule · ``aggregate`` the rules of a group and its life · ``decision`` what a set of rules allows
"""

from domain.security_group.aggregate import MAX_GROUPS as MAX_GROUPS
from domain.security_group.aggregate import MAX_RULES as MAX_RULES
from domain.security_group.aggregate import DefaultGroup as DefaultGroup
from domain.security_group.aggregate import RuleExists as RuleExists
from domain.security_group.aggregate import SecurityGroup as SecurityGroup
from domain.security_group.aggregate import UnknownRule as UnknownRule
from domain.security_group.aggregate import default_group_id as default_group_id
from domain.security_group.aggregate import default_rules as default_rules
from domain.security_group.aggregate import group_use_scope as group_use_scope
from domain.security_group.aggregate import membership_claim as membership_claim
from domain.security_group.aggregate import new_rules as new_rules
from domain.security_group.decision import Decision as Decision
from domain.security_group.decision import Endpoint as Endpoint
from domain.security_group.decision import Match as Match
from domain.security_group.decision import decide as decide
from domain.security_group.rule import Direction as Direction
from domain.security_group.rule import Rule as Rule
