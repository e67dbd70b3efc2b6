"""Rules of security groups as options: ``tcp:5432=app,the shop``."""

from collections.abc import Sequence
from typing import Any

from miniaws.cli.bodies import Option

METAVAR = "PROTOCOL[:PORTS]=SIDE"
_EXAMPLE = "tcp:5432=web, udp:8000-8100=10.20.0.0/24, icmp=0.0.0.0/0, all=web"


def rules(given: Sequence[str]) -> list[dict[str, Any]]:
    """Return the rules of options. Raises ValueError."""
    return [_rule(text) for text in given]


def _rule(text: str) -> dict[str, Any]:
    what, equals, rest = text.partition("=")
    side, _, description = rest.partition(",")
    protocol, _, ports = what.partition(":")
    first, dash, last = ports.partition("-")
    wrong = not equals or not side or (dash and not last)
    if wrong or any(not each.isascii() or not each.isdecimal() for each in (first, last) if each):
        raise ValueError(f"{text!r}: write it as {METAVAR}[,DESCRIPTION], e.g. {_EXAMPLE}")
    return {
        "protocol": protocol,
        **({"from_port": int(first)} if first else {}),
        **({"to_port": int(last)} if last else {}),
        # Names of groups have no dot unless they name the VPC, and none of them begins with a digit.
        ("cidr" if side[0].isdigit() or ":" in side else "group"): side,
        **({"description": description} if description else {}),
    }


RULES = {
    "ingress": Option("--ingress", metavar=METAVAR, parse=rules, help=f"What may come in, e.g. {_EXAMPLE}."),
    "egress": Option("--egress", metavar=METAVAR, parse=rules, help="What may go out, as `--ingress`."),
}
