"""Columns of load balancers and targets."""

from miniaws.cli.noun import Column, Document, Noun, columns


def _ports(document: Document) -> str:
    return ", ".join(f"{each['protocol']}:{each['port']}" for each in document["spec"]["listeners"])


def _health(document: Document) -> str:
    health: dict[str, int] = document["observed"]["health"]
    return f"{health['healthy']}/{sum(health.values())}"


BALANCER = Noun(
    "lb",
    "load balancer",
    "/api/load-balancers",
    columns(Column("LISTENERS", _ports), Column("HEALTHY", _health)),
    optional=("ID", "AGE", "HEALTHY", "LISTENERS"),
)
TARGET = Noun(
    "target",
    "target",
    BALANCER.path,
    (
        Column("TARGET", lambda target: target["id"]),
        Column(
            "NAME", lambda target: target["instance"]["name"] if target["instance"] else target["address"]
        ),
        Column("WEIGHT", lambda target: target["weight"]),
        Column("STATE", lambda target: target["state"]),
        Column("SINCE", lambda target: target["since"]),
        Column("REASON", lambda target: target["reason"]),
    ),
    key="id",
)
