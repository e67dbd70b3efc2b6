"""``cloud apply`` and ``cloud export``."""

from pathlib import Path

import pytest

from miniaws.cli import manifests
from miniaws.cli.failures import Failure
from miniaws.cli.manifests import documents as yaml_documents
from tests.cli.conftest import Command

SHOP = """\
kind: vpc
name: shop
---
kind: instance
name: web-1
tags: {app: shop}
spec:
  image: nginx:1.27
  vpc: shop
  ports:
    - port: 80
  env:
    MODE: fast
    TOKEN: {from_env: SHOP_TOKEN}
    MOTTO: {from_file: motto.txt}
"""


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a manifest, with the secrets that it refers to."""
    monkeypatch.setenv("SHOP_TOKEN", "s3cret")
    (tmp_path / "motto.txt").write_text("first\nsecond", encoding="utf-8")
    file = tmp_path / "shop.yaml"
    file.write_text(SHOP, encoding="utf-8")
    return file


def refusal(*files: str) -> str:
    with pytest.raises(Failure) as raised:
        manifests.read(files)
    return str(raised.value)


def test_secrets_are_read_from_the_environment_and_from_files(shop: Path) -> None:
    _, instance = manifests.read([str(shop)]).documents
    assert instance["spec"]["env"] == {"MODE": "fast", "TOKEN": "s3cret", "MOTTO": "first\nsecond"}


def test_a_folder_stands_for_its_files(shop: Path) -> None:
    (shop.parent / "a.json").write_text('[{"kind": "volume", "name": "data"}]', encoding="utf-8")
    names = [each["name"] for each in manifests.read([str(shop.parent)]).documents]
    assert names == ["data", "shop", "web-1"]


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("kind: vpc\nname: [a", 2, "not valid YAML"),
        ("kind: vpc\nname: a\nkind: volume\n", 3, "`kind` is given twice"),
        ("kind: vpc\n---\n- 7\n", 3, "must be a mapping"),
        ("kind: vpc\nname: !!python/name:os.system x\n", 2, "not supported"),
        ("kind: instance\nspec:\n  env:\n    A: {from_env: NO_SUCH_VARIABLE}\n", 4, "no such variable"),
        ("kind: instance\nspec:\n  user_data: {from_file: nosuch}\n", 3, "No such file"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_line(
    tmp_path: Path, text: str, line: int, reason: str
) -> None:
    file = tmp_path / "x.yaml"
    file.write_text(text, encoding="utf-8")
    found = refusal(str(file))
    assert f"{file}:{line}: " in found
    assert reason in found


def test_aliases_cannot_grow_without_end(tmp_path: Path) -> None:
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    levels += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    file = tmp_path / "laughs.yaml"
    file.write_text("\n".join(levels), encoding="utf-8")
    assert "too large" in refusal(str(file))


def test_a_file_that_is_too_large_or_empty_is_refused(tmp_path: Path) -> None:
    large, empty = tmp_path / "large.yaml", tmp_path / "empty.yaml"
    large.write_bytes(b"#" * (10 * 1024**2 + 1))
    empty.write_text("# nothing\n---\n", encoding="utf-8")
    assert "more than 10 MiB" in refusal(str(large))
    assert "no document" in refusal(str(empty))
    assert "No such file" in refusal(str(tmp_path / "nosuch.yaml"))


def test_dates_stay_text() -> None:
    (found,) = yaml_documents.documents("to: 2026-11-23\nat: 2026-11-23T10:02:11Z\n")
    assert found.content == {"to": "2026-11-23", "at": "2026-11-23T10:02:11Z"}


def test_a_manifest_is_applied_once_and_exported_again(cloud: Command, shop: Path) -> None:
    applied = cloud("apply", "-f", str(shop), "--yes", "--set", "shop")
    assert "+ instance web-1" in applied.stdout
    assert "s3cret" not in applied.stdout + applied.stderr
    again = cloud("apply", "-f", str(shop), "--set", "shop", "--yes")
    assert "nothing to do" in again.stderr
    exported = cloud("export", "--vpc", "shop").stdout
    assert "use_previous_value: true" in exported
    assert "$schema=" in exported
    copy = shop.parent / "copy.yaml"
    copy.write_text(exported, encoding="utf-8")
    assert "nothing to do" in cloud("apply", "-f", str(copy), "--yes").stderr
    shop.write_text("kind: vpc\nname: shop\n", encoding="utf-8")
    pruned = cloud("apply", "-f", str(shop), "--set", "shop", "--prune", "--plan").stdout
    assert "- instance web-1" in pruned


def test_what_the_cloud_refuses_is_told_by_file_and_line(cloud: Command, shop: Path) -> None:
    shop.write_text(SHOP.replace("- port: 80", "- port: 80\n      publish: 70000"), encoding="utf-8")
    told = cloud("apply", "-f", str(shop), "--yes", exit_code=1).stderr
    assert f"{shop}:12: instance web-1: `spec.ports[0].publish`" in told.replace("\n", "")
    assert "s3cret" not in told


def test_pruning_needs_a_set(cloud: Command, shop: Path) -> None:
    assert "--set" in cloud("apply", "-f", str(shop), "--prune", exit_code=2).stderr
