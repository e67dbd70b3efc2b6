"""The commands of ``cloud sg``."""

from typing import Annotated

import typer

from miniaws.cli import output, reading, registry, writing
from miniaws.cli.bodies import Body, Option
from miniaws.cli.connection import connected
from miniaws.cli.noun import Document
from miniaws.cli.options import TABLES, AsOf, Name, Output
from miniaws.cli.parameters import command
from miniaws.cli.security_group.noun import GROUP, RULE
from miniaws.cli.security_group.rules import RULES

app = registry.group("sg")

Authorized = Annotated[Document, Body("AuthorizeRules", RULES)]
Connection = Annotated[
    Document,
    Body(
        "CheckConnection",
        {
            "from": Option("--from", metavar="NAME|IP"),
            "to": Option("--to", metavar="NAME|IP"),
            "port": Option("--port", metavar="PORT"),
            "probe": Option("--probe"),
        },
    ),
]
RuleIds = Annotated[
    list[str],
    typer.Argument(metavar="RULE", help="Ids of rules; `cloud sg rules` shows them.", show_default=False),
]

writing.add_create(
    app,
    GROUP,
    "CreateSecurityGroup",
    RULES,
    text="Create a security group. Without options, everything goes out and nothing comes in.",
)
reading.add_reads(app, GROUP)
writing.add_change(
    app, GROUP, "ChangeSecurityGroup", RULES, text="Replace all rules of a direction, or of both."
)


@app.command("rules")
def rules(name: Name, how: Output = "table", as_of: AsOf = None) -> None:
    """Show the rules of a security group, now or as of any moment."""
    with connected() as client:
        found: list[Document] = client.read(GROUP.at(name), as_of=as_of)["spec"]["rules"]
    output.show_list(RULE, found, how)
    if not found and how in TABLES:
        output.say(f"{name} has no rule: nothing goes in or out")


@command(app, "authorize")
def authorize(name: Name, body: Authorized, result: writing.Shown) -> None:
    """Add rules to a security group."""
    change = writing.Change(GROUP, "authorizing", "POST", GROUP.at(name, "rules"), body=body)
    writing.carry_out(change, result)


@command(app, "revoke")
def revoke(name: Name, rule: RuleIds, result: writing.Shown) -> None:
    """Revoke rules of a security group. Established connections continue."""
    for each in rule:
        path = GROUP.at(name, f"rules/{each}")
        writing.carry_out(writing.Change(GROUP, "revoking", "DELETE", path), result)


@command(app, "check")
def check(body: Connection, how: Output = "table") -> None:
    """Check whether a connection is allowed, and by which rules. Exits with status 1 if it is dropped."""
    with connected() as client:
        found = client.ask(f"{GROUP.path}/check", body)
    output.write(how, found, lambda: output.details(_told(found)), [_answer(found)])
    if found["not_enforced"] is not None:
        output.say(f"this host does not enforce rules: {found['not_enforced']}")
    if not found["allowed"] or found["probe"] == {"passed": False}:
        raise typer.Exit(1)


def _answer(found: Document) -> str:
    return "allowed" if found["allowed"] else "dropped"


def _told(found: Document) -> Document:
    """Return an answer as people read it."""
    told: Document = {
        "answer": _answer(found),
        "reason": found["reason"],
        "from": _end(found["from"]),
        "to": _end(found["to"]),
        "connection": found["protocol"] if found["port"] is None else f"{found['protocol']} {found['port']}",
    }
    for direction in ("egress", "ingress"):
        if (match := found[direction]) is not None:
            rule = match["rule"]
            described = f" ({rule['description']})" if rule["description"] else ""
            told[direction] = f"{rule['id']} of {match['group']['name']}: {rule['allows']}{described}"
    if found["probe"] is not None:
        told["probe"] = "the packets got through" if found["probe"]["passed"] else "the packets were dropped"
    return told


def _end(end: Document) -> str:
    return end["address"] if end["resource"] is None else f"{end['resource']['name']} ({end['address']})"


writing.add_tag(app, GROUP)
writing.add_end(app, GROUP, "delete", "deleted", "it must have no member, and no rule may name it")
