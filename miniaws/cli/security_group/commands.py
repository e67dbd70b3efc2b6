"""The commands of ``cloud sg``."""

from typing import Annotated

import typer

from miniaws.cli import output, reading, registry, writing
from miniaws.cli.bodies import Body
from miniaws.cli.connection import connected
from miniaws.cli.noun import Document
from miniaws.cli.options import TABLES, AsOf, Name, Output
from miniaws.cli.parameters import command
from miniaws.cli.security_group.noun import GROUP, RULE
from miniaws.cli.security_group.rules import RULES

app = registry.group("sg")

Authorized = Annotated[Document, Body("AuthorizeRules", RULES)]
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
    """Take rules out of a security group. Connections that they let through stay."""
    for each in rule:
        path = GROUP.at(name, f"rules/{each}")
        writing.carry_out(writing.Change(GROUP, "revoking", "DELETE", path), result)


writing.add_tag(app, GROUP)
writing.add_end(app, GROUP, "delete", "deleted", "it must have no member, and no rule may name it")
