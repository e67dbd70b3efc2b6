"""Load balancers from the command line."""

import json
from pathlib import Path
from typing import Any

from tests.certificates import pair
from tests.cli.conftest import Command

LAUNCH = ("instance", "launch", "--image", "miniaws/hello:local")


def test_a_balancer_is_created_given_targets_changed_and_deleted(cloud: Command, tmp_path: Path) -> None:
    cloud(*LAUNCH, "web-1", "--tag", "role=web")
    made = cloud("lb", "create", "shop", "--listen", "8090", "--check", "http:/health,interval=2,timeout=1")
    assert made.stderr == "shop is available\n"
    assert "has no target" in cloud("lb", "targets", "shop").stderr
    cloud("lb", "register", "shop", "web-1", "--port", "8080", "--weight", "3")
    (target,) = json.loads(cloud("lb", "targets", "shop", "-o", "json").stdout)
    assert (target["instance"]["name"], target["weight"]) == ("web-1", 3)
    header, row = cloud("lb", "list").stdout.splitlines()
    assert header.split() == ["NAME", "STATUS", "LISTENERS", "HEALTHY", "AGE", "ID"]
    assert row.split()[:3] == ["shop", "available", "http:8090"]
    pem, key = pair("shop.example")
    (tmp_path / "shop.pem").write_text(pem)
    (tmp_path / "shop.key").write_text(key)
    files = ("--certificate", str(tmp_path / "shop.pem"), "--private-key", str(tmp_path / "shop.key"))
    assert key not in cloud("lb", "certificate", "shop", "main", *files, "-o", "json").output
    listen = ("--listen", "8090", "--listener", "https:8443:main", "--rule", "8090,path=/api/*,group=api")
    changed = json.loads(cloud("lb", "change", "shop", "--group", "api", *listen, "-o", "json").stdout)
    document = changed[0] if isinstance(changed, list) else changed
    plain, secure = document["spec"]["listeners"]
    assert plain["rules"] == [{"host": None, "path": "/api/*", "target_group": "api"}]
    assert (secure["protocol"], secure["certificates"]) == ("https", ["main"])
    used = cloud("lb", "remove-certificate", "shop", "main", exit_code=1)
    assert "the listener on port 8443 uses it" in used.stderr
    cloud("lb", "change", "shop", "--listen", "8090")
    cloud("lb", "remove-certificate", "shop", "main")
    assert json.loads(cloud("lb", "show", "shop", "-o", "json").stdout)["spec"]["certificates"] == []
    cloud("lb", "register", "shop", "--tag", "role=web", "--port", "8080", "--group", "api")
    cloud("lb", "deregister", "shop", "web-1", "--group", "default")
    assert cloud("lb", "delete", "shop", "--yes").stderr == "shop is deleted\n"


def test_a_target_group_is_had_changed_and_removed(cloud: Command) -> None:
    cloud("lb", "create", "shop", "--group", "api")

    def groups() -> dict[str, Any]:
        document = json.loads(cloud("lb", "show", "shop", "-o", "json").stdout)
        return {each["name"]: each for each in document["spec"]["target_groups"]}

    cloud("lb", "group", "put", "shop", "static", "--check", "tcp,interval=3,timeout=1")
    cloud("lb", "group", "put", "shop", "static", "--sticky", "--delay", "5")
    found = groups()
    assert set(found) == {"default", "api", "static"}
    assert found["static"]["health_check"]["interval_s"] == 3, "what is not given stays"
    assert (found["static"]["sticky"], found["static"]["deregistration_delay_s"]) == (True, 5)
    cloud("lb", "group", "remove", "shop", "static")
    assert set(groups()) == {"default", "api"}
    assert "no such group" in cloud("lb", "group", "remove", "shop", "static", exit_code=1).stderr
    assert "always there" in cloud("lb", "group", "put", "shop", "default", exit_code=1).stderr


def test_what_cannot_be_read_is_a_wrong_use(cloud: Command) -> None:
    assert "must be" in cloud("lb", "create", "x", "--listen", "udp:1", exit_code=2).stderr
    assert "must be written as" in cloud("lb", "create", "x", "--check", "http:/,often=1", exit_code=2).stderr
    assert "give every listener" in cloud("lb", "change", "x", "--rule", "1,group=a", exit_code=2).stderr
    taken = cloud("lb", "create", "x", "--listen", "70000", exit_code=1)
    assert "listeners" in taken.stderr
