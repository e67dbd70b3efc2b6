"""``cloud import compose``: what becomes of a Compose file."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from miniaws.cli.compose import sizes
from miniaws.cli.compose.conversion import convert
from miniaws.cli.compose.source import parse
from miniaws.cli.compose.variables import Unresolved, Variables
from miniaws.commands.body import Body
from miniaws.commands.cache import CreateCache
from miniaws.commands.database import CreateDatabase
from miniaws.commands.instance import LaunchInstance
from miniaws.commands.queue import CreateQueue
from miniaws.commands.volume import CreateVolume
from miniaws.commands.vpc import CreateVpc
from tests.cli.conftest import Command

BODIES: dict[str, type[Body]] = {
    "vpc": CreateVpc,
    "volume": CreateVolume,
    "instance": LaunchInstance,
    "database": CreateDatabase,
    "cache": CreateCache,
    "queue": CreateQueue,
}
SHOP = """
x-all: &all
  restart: unless-stopped
  networks: [front]
services:
  web_app:
    <<: *all
    image: shop/web:${TAG:-latest}
    command: ["gunicorn", "app:app", "--workers", "2"]
    environment:
      DATABASE_URL: postgres://app:${DB_PASSWORD}@db:5432/shop
      DEBUG: yes
    ports: ["8080:80", "127.0.0.1:9000-9001:9000-9001", {target: 443, published: "8443"}]
    volumes: [uploads:/srv/uploads]
    deploy: {resources: {limits: {cpus: "0.50", memory: 200M}}}
    labels: ["app=shop"]
  worker:
    image: shop/web
    command: celery -A app worker
    stop_grace_period: 1m30s
    stop_signal: SIGINT
    init: true
    cap_add: [NET_RAW]
  db:
    <<: *all
    image: postgres:16-alpine
    environment: [POSTGRES_USER=app, POSTGRES_DB=shop, POSTGRES_PASSWORD=hunter2]
    ports: ["5432:5432"]
    volumes: [dbdata:/var/lib/postgresql/data]
  sessions:
    image: redis:7
    command: redis-server --appendonly yes --maxmemory 96mb --maxmemory-policy allkeys-lfu
  jobs:
    image: docker.io/library/rabbitmq:3
    environment: {RABBITMQ_DEFAULT_USER: shop, RABBITMQ_DEFAULT_PASS: hunter2}
networks:
  front: {ipam: {config: [{subnet: 10.44.0.0/24}]}}
volumes:
  uploads: {labels: {app: shop}}
  dbdata:
"""


def converted(
    text: str, folder: Path, *, managed: bool = False
) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """Return the documents by kind and name, and the notes with their lines."""
    documents, notes = convert(parse(text, "compose.yaml"), folder, uses_managed=managed)
    by_name = {f"{each['kind']} {each['name']}": each for each in documents}
    assert len(by_name) == len(documents)
    return by_name, [f"{note.line}: {note}" for note in sorted(set(notes.found))]


def spec_of(service: str, folder: Path) -> dict[str, Any]:
    """Return the spec of a service with these keys and an image."""
    documents, _ = converted(f"services:\n  web:\n    image: i\n{service}", folder)
    return documents["instance web"]["spec"]


def notes_of(service: str, folder: Path) -> list[str]:
    """Return the notes about a service with these keys and an image."""
    return converted(f"services:\n  web:\n    image: i\n{service}", folder)[1]


@pytest.mark.parametrize("managed", [False, True])
def test_every_document_is_the_body_of_a_creation(tmp_path: Path, managed: bool) -> None:  # noqa: FBT001
    documents, _ = converted(SHOP, tmp_path, managed=managed)
    for each in documents.values():
        spec = dict(each["spec"])
        if "env" in spec:
            spec["env"] = {name: str(value) for name, value in spec["env"].items()}
        BODIES[each["kind"]].model_validate({"name": each["name"], "tags": each.get("tags", {}), **spec})


def test_services_become_instances_with_what_they_asked_for(tmp_path: Path) -> None:
    documents, _ = converted(SHOP, tmp_path)
    assert list(documents)[:3] == ["vpc front", "volume uploads", "volume dbdata"]
    assert documents["vpc front"]["spec"] == {"cidr": "10.44.0.0/24"}
    assert documents["volume uploads"]["tags"] == {"app": "shop"}
    assert documents["instance web-app"] == {
        "kind": "instance",
        "name": "web-app",
        "tags": {"app": "shop"},
        "spec": {
            "image": "shop/web:latest",
            "type": "small",
            "command": ["gunicorn", "app:app", "--workers", "2"],
            "env": {"DATABASE_URL": {"from_env": "DATABASE_URL"}, "DEBUG": "yes"},
            "ports": [
                {"port": 80, "publish": 8080},
                {"port": 9000, "publish": 9000},
                {"port": 9001, "publish": 9001},
                {"port": 443, "publish": 8443},
            ],
            "vpc": "front",
            "volumes": [{"volume": "uploads", "path": "/srv/uploads"}],
            "restart": "always",
        },
    }
    assert documents["instance worker"]["spec"] == {
        "image": "shop/web",
        "type": "micro",
        "command": ["celery", "-A", "app", "worker"],
        "restart": "never",
        "capabilities": ["NET_RAW"],
        "stop_grace_s": 90,
        "stop_signal": "SIGINT",
        "init": True,
    }


def test_databases_caches_and_queues_become_managed_servers_if_asked(tmp_path: Path) -> None:
    documents, notes = converted(SHOP, tmp_path, managed=True)
    specs = {name: each["spec"] for name, each in documents.items()}
    assert specs["database db"] == {
        "engine": "postgres",
        "vpc": "front",
        "publish": 5432,
        "user": "app",
        "database": "shop",
    }
    assert specs["cache sessions"] == {
        "engine": "redis",
        "persistence": "aof",
        "memory_mb": 128,
        "eviction": "allkeys-lfu",
    }
    assert specs["queue jobs"] == {"engine": "rabbitmq", "username": "shop"}
    assert "volume dbdata" not in documents
    assert any("POSTGRES_PASSWORD: not carried over" in note for note in notes)
    assert "instance db" in converted(SHOP, tmp_path)[0]


@pytest.mark.parametrize("managed", [False, True])
def test_no_secret_is_in_the_manifest(tmp_path: Path, managed: bool) -> None:  # noqa: FBT001
    (tmp_path / ".env").write_text("DB_PASSWORD=hunter2\n")
    (tmp_path / "app.env").write_text("# for the program\nexport API_TOKEN='hunter2'\n")
    text = SHOP.replace("      DEBUG: yes", "      DEBUG: yes\n    env_file: app.env")
    documents, _ = converted(text, tmp_path, managed=managed)
    assert "hunter2" not in str(documents)
    assert documents["instance web-app"]["spec"]["env"]["API_TOKEN"] == {"from_env": "API_TOKEN"}


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("LEVEL: info", "info"),
        ("LEVEL: 22:22", "22:22"),
        ("LEVEL: ''", ""),
        ("LEVEL: a$$b", "a$b"),
        ("LEVEL: ${LEVEL:-info}", "info"),
        ("LEVEL: /var/lib/postgresql/data16", "/var/lib/postgresql/data16"),
        ("LEVEL:", {"from_env": "LEVEL"}),
        ("LEVEL: $OTHER", {"from_env": "OTHER"}),
        ("LEVEL: ${OTHER:?set it}", {"from_env": "OTHER"}),
        ("LEVEL: ${SET:-info}", {"from_env": "SET"}),
        ("LEVEL: http://${OTHER}/", {"from_env": "LEVEL"}),
        ("LEVEL: https://user:word@host/", {"from_env": "LEVEL"}),
        ("LEVEL: 9f86d081884c7d659a2feaa0c55ad015", {"from_env": "LEVEL"}),
        ("LEVEL: ${APP_SECRET:-x}", {"from_env": "APP_SECRET"}),
    ],
)
def test_a_value_is_plain_only_if_it_stands_in_the_file_and_looks_harmless(
    tmp_path: Path, written: str, kept: object
) -> None:
    (tmp_path / ".env").write_text("SET=debug\n")
    spec = spec_of(f"    environment:\n      {written}\n", tmp_path)
    assert spec["env"] == {"LEVEL": kept}


@pytest.mark.parametrize(
    "name", ["PASSWORD", "MYSQL_PWD", "ApiKey", "TOKEN", "client_secret", "AWS_CREDENTIALS"]
)
def test_a_name_of_a_secret_makes_a_reference(tmp_path: Path, name: str) -> None:
    assert spec_of(f"    environment: ['{name}=x']\n", tmp_path)["env"] == {name: {"from_env": name}}


@pytest.mark.parametrize(
    ("key", "line"),
    [
        ("    build: .\n", "4: services.web.build"),
        ("    privileged: true\n", "4: services.web.privileged"),
        ("    ports:\n      - 80:80\n      - 53:53/udp\n", "6: services.web.ports"),
        ("    volumes: [./here:/there]\n", "4: services.web.volumes"),
        ("    volumes: [missing:/there]\n", "4: services.web.volumes"),
        ("    networks: [elsewhere]\n", "4: services.web.networks.elsewhere"),
        ("    deploy:\n      replicas: 2\n", "5: services.web.deploy.replicas"),
        ("    cap_add: [SYS_ADMIN]\n", "4: services.web.cap_add"),
        ("    labels: {'a b\u00e9$': x}\n", "4: services.web.labels.a b\u00e9$"),
        ("    stop_grace_period: soon\n", "4: services.web.stop_grace_period"),
        ("    command: [run, $UNSET]\n", "4: services.web.command"),
        ("    xyzzy: 1\n", "4: services.web.xyzzy"),
    ],
)
def test_what_is_not_carried_over_is_listed_with_its_line(tmp_path: Path, key: str, line: str) -> None:
    (note,) = notes_of(key, tmp_path)
    assert note.startswith(f"{line}: not carried over: ")


def test_an_internal_network_has_no_internet(tmp_path: Path) -> None:
    text = "services:\n  a: {image: i, networks: [back]}\nnetworks: {back: {internal: true}}\n"
    documents, notes = converted(text, tmp_path)
    assert documents["subnet default"]["spec"] == {"vpc": "back", "internet": False}
    assert (documents["instance a"]["spec"]["vpc"], notes) == ("back", [])
    _, notes = converted("services:\n  a: {image: i}\nnetworks: {default: {internal: true}}\n", tmp_path)
    assert notes[0].startswith(
        "3: networks.default.internal: not carried over: the VPC is not made by this file"
    )


def test_a_volume_is_attached_to_one_instance(tmp_path: Path) -> None:
    text = "services:\n  a: {image: i, volumes: [v:/v]}\n  b: {image: i, volumes: [v:/v]}\nvolumes: {v: }\n"
    documents, notes = converted(text, tmp_path)
    assert documents["instance a"]["spec"]["volumes"] == [{"volume": "v", "path": "/v"}]
    assert "volumes" not in documents["instance b"]["spec"]
    assert notes == ["3: services.b.volumes: not carried over: a volume is attached to one instance: a has v"]


def test_a_service_without_an_image_is_left_out(tmp_path: Path) -> None:
    documents, notes = converted("services:\n  a: {build: .}\n  b: {image: i}\n", tmp_path)
    assert list(documents) == ["instance b"]
    assert any("services.a.image: not carried over" in note for note in notes)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is it a Compose file?"),
        ("services: {}", "is it a Compose file?"),
        ("services:\n  a: [\n", "compose.yaml:3"),
        ("services: {a_b: {image: i}, a-b: {image: i}}", "cannot name both services.a_b and services.a-b"),
    ],
)
def test_a_file_that_cannot_be_converted_is_refused(cloud_free: Command, text: str, reason: str) -> None:
    Path("compose.yaml").write_text(text)
    assert (
        reason
        in cloud_free("import", "compose", "compose.yaml", exit_code=1 if "name both" in reason else 2).stderr
    )


@pytest.fixture
def cloud_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """The command in a folder of its own, without a cloud."""
    monkeypatch.chdir(tmp_path)
    return Command({"COLUMNS": "200"})


def test_the_manifest_is_written_and_the_notes_are_printed(cloud_free: Command) -> None:
    Path("compose.yaml").write_text(SHOP)
    shown = cloud_free("import", "compose", "compose.yaml")
    assert [each["kind"] for each in yaml.safe_load_all(shown.stdout)].count("instance") == 5
    written = cloud_free("import", "compose", "compose.yaml", "--managed", "-o", "shop.yaml")
    assert written.stdout == ""
    assert "compose.yaml:26: services.db" in written.stderr
    assert {each["kind"] for each in yaml.safe_load_all(Path("shop.yaml").read_text())} == set(BODIES)


@pytest.mark.parametrize(
    ("text", "resolved"),
    [
        ("${A:-x}", "x"),
        ("${A-x}", "x"),
        ("${E:-x}", "x"),
        ("${E-x}", ""),
        ("${B:+y}", "y"),
        ("${A:+y}", ""),
        ("$B and ${B}", "2 and 2"),
        ("$$B", "$B"),
    ],
)
def test_variables_are_replaced_as_compose_does(text: str, resolved: str) -> None:
    assert Variables({"B": "2", "E": ""}).resolve(text) == resolved


@pytest.mark.parametrize("text", ["$A", "${A}", "${A:?why}", "$TOKEN"])
def test_a_variable_without_a_value_or_with_a_secret_is_not_replaced(text: str) -> None:
    with pytest.raises(Unresolved, match=r"is not set|looks like a secret"):
        Variables({"TOKEN": "x"}).resolve(text)


@pytest.mark.parametrize(
    ("text", "mb"), [("512m", 512), ("1g", 1024), ("1.5GB", 1536), ("1048577", 2), ("64k", 1)]
)
def test_sizes_are_read_as_compose_reads_them(text: str, mb: int) -> None:
    assert sizes.megabytes(text) == mb


@pytest.mark.parametrize(("text", "seconds"), [("10s", 10), ("1m30s", 90), ("1h", 3600), ("500ms", 1)])
def test_durations_are_read_as_compose_reads_them(text: str, seconds: int) -> None:
    assert sizes.seconds(text) == seconds
