"""``cloud subnet``."""

from miniaws.cli import reading, registry, writing
from miniaws.cli.bodies import Option
from miniaws.cli.noun import Column, Noun, columns, spec

SUBNET = Noun(
    "subnet",
    "subnet",
    "/api/subnets",
    columns(
        Column("VPC", lambda document: document["spec"]["vpc"]["name"]),
        Column("CIDR", spec("cidr")),
        Column("PUBLIC", lambda document: "yes" if document["spec"]["public"] else "no"),
        Column("INTERNET", lambda document: "yes" if document["spec"]["internet"] else "no"),
    ),
    key="id",
    optional=("ID", "AGE", "INTERNET", "PUBLIC"),
)
_ACCESS = {"public": Option("--public/--no-public"), "internet": Option("--internet/--no-internet")}

app = registry.group("subnet")

writing.add_create(
    app, SUBNET, "CreateSubnet", _ACCESS, text="Create a subnet in a part of the range of a VPC."
)
reading.add_reads(app, SUBNET)
writing.add_change(app, SUBNET, "ChangeSubnet", _ACCESS, text="Change what members of a subnet may do.")
writing.add_tag(app, SUBNET)
writing.add_end(app, SUBNET, "delete", "deleted", "nobody may have an address in it")
