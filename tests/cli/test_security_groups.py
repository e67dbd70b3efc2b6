"""`cloud subnet` and `cloud sg`."""

import json
from typing import Any

import pytest

from miniaws.cli.security_group.rules import rules
from tests.cli.conftest import Command


def launch(cloud: Command, name: str, *groups: str) -> None:
    chosen = [word for each in groups for word in ("--security-group", each)]
    cloud("instance", "launch", name, "--image", "miniaws/hello:local", *chosen)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("tcp:5432=web", {"protocol": "tcp", "from_port": 5432, "group": "web"}),
        ("udp:1-9=10.0.0.0/8", {"protocol": "udp", "from_port": 1, "to_port": 9, "cidr": "10.0.0.0/8"}),
        ("all=web,the shop", {"protocol": "all", "group": "web", "description": "the shop"}),
        ("icmp=::/0", {"protocol": "icmp", "cidr": "::/0"}),
    ],
)
def test_a_rule_is_written_in_one_word(text: str, rule: dict[str, Any]) -> None:
    assert rules([text]) == [rule]


@pytest.mark.parametrize("text", ["tcp:5432", "tcp:x=web", "tcp:1-=web", "all="])
def test_a_rule_that_cannot_be_read_says_how_it_is_written(text: str) -> None:
    with pytest.raises(ValueError, match="tcp:5432=web"):
        rules([text])


def test_rules_are_added_shown_checked_and_taken_out(cloud: Command) -> None:
    cloud("sg", "create", "web")
    cloud("sg", "create", "db", "--ingress", "tcp:5432=web,the shop")
    launch(cloud, "front", "web")
    launch(cloud, "store", "db")
    shown = cloud("sg", "rules", "db").stdout
    assert "the shop" in shown
    question = ("sg", "check", "--from", "front", "--to", "store", "--port")
    assert "allows tcp 5432 from web" in cloud(*question, "5432").stdout
    dropped = cloud(*question, "22", "-o", "json", exit_code=1)
    assert json.loads(dropped.stdout)["allowed"] is False
    assert "got through" in cloud(*question, "5432", "--probe").stdout
    cloud("sg", "authorize", "db", "--ingress", "tcp:22=web")
    assert cloud(*question, "22", "-o", "name").stdout == "allowed\n"
    (first, *_) = cloud("sg", "rules", "db", "-o", "name").stdout.splitlines()
    cloud("sg", "revoke", "db", first)
    assert first not in cloud("sg", "rules", "db").stdout
    assert "front" in cloud("sg", "delete", "web", "--yes", exit_code=1).stderr


def test_a_subnet_is_created_changed_and_deleted(cloud: Command) -> None:
    cloud("vpc", "create", "shop", "--cidr", "10.77.0.0/24")
    made = cloud("subnet", "create", "inner", "--vpc", "shop", "--prefix", "26", "--no-public").stdout
    assert "10.77.0.192/26" in made
    assert json.loads(cloud("subnet", "show", "inner", "-o", "json").stdout)["spec"]["public"] is False
    cloud("subnet", "change", "inner.shop", "--public", "--no-internet")
    assert json.loads(cloud("subnet", "show", "inner", "-o", "json").stdout)["spec"]["internet"] is False
    assert "inner" in cloud("vpc", "delete", "shop", "--yes", exit_code=1).stderr
    assert "deleted" in cloud("subnet", "delete", "inner", "--yes").stderr
    cloud("vpc", "delete", "shop", "--yes")
