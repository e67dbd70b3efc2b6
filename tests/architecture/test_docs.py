"""The documentation matches the code: commands, options, targets, files, variables, links."""

import re
import shlex
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from typer.main import get_command

from miniaws.cli import app
from miniaws.http import problems
from miniaws.http.app import create_app
from miniaws.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    *(ROOT / name for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
OF_COMPOSE = {"MINIAWS_POSTGRES_PASSWORD", "MINIAWS_IMAGE_POSTGRES"}
OF_SCRIPTS = {"MINIAWS_TORTURE"}
VARIABLES = (
    OF_COMPOSE
    | OF_SCRIPTS
    | {"MINIAWS_URL", "MINIAWS_PROFILE", "MINIAWS_MCP_TOKEN"}
    | {f"MINIAWS_{name.upper()}" for name in Settings.model_fields}
)
TOP = {path.name for path in ROOT.iterdir()} - {"build"}
"""Folders whose files a page may name; generated folders may not exist yet."""
PLACEHOLDER = re.compile(r"[<>*…{}$]|NNNN|NAME|gateway|:local")

page = pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))


def blocks(text: str) -> Iterator[str]:
    """Yield every line of the fenced blocks, continuation lines joined."""
    for block in re.findall(r"^ *```\w*\n(.*?)^ *```", text, re.DOTALL | re.MULTILINE):
        yield from block.replace("\\\n", " ").splitlines()


def spans(text: str) -> list[str]:
    """Return every piece of code inside sentences."""
    outside = re.sub(r"^ *```.*?^ *```", "", text, flags=re.DOTALL | re.MULTILINE)
    return re.findall(r"`([^`\n]+)`", outside)


def calls(lines: Iterable[str], program: str) -> Iterator[list[str]]:
    """Yield the arguments of a program, wherever it is called; a variable that the page sets is a moment."""
    for line in (re.sub(r"\$[a-z]+\b", "10m ago", each) for each in lines):
        for part in re.split(r"\||;|&&|\$\(", line.partition(" # ")[0]):
            inside = part[: part.rindex(")")] if part.count(")") > part.count("(") else part
            words = re.sub(r"^(\s*[A-Z_]+=\S*)*\s*(\.venv/bin/)?", "", inside)
            if words.startswith(f"{program} "):
                yield shlex.split(words)[1:]


def refuse_unknown(words: list[str], *, whole: bool) -> None:
    """Fail unless the command and each option exist; a whole command must have all its arguments."""
    command: Any = get_command(app)
    rest = list(words)
    while hasattr(command, "commands") and rest and not rest[0].startswith("-"):
        context = command.make_context("cloud", list(rest), resilient_parsing=True)
        _, command, rest = command.resolve_command(context, rest)
        assert command is not None, f"there is no `cloud {shlex.join(words)}`"
    if whole:
        command.make_context("cloud", list(rest))
    options = {name for each in command.params for name in (*each.opts, *each.secondary_opts)}
    for word in rest[: rest.index("--") if "--" in rest else None]:
        if word.startswith("-") and word != "-":
            assert word.partition("=")[0] in {*options, "--help", "-h"}, (
                f"cloud {shlex.join(words)}: no {word}"
            )


@page
def test_every_command_can_be_typed_as_it_is_written(path: Path) -> None:
    for words in calls(blocks(path.read_text()), "cloud"):
        refuse_unknown(words, whole=True)


@page
def test_every_command_that_is_named_exists(path: Path) -> None:
    for words in calls(spans(path.read_text()), "cloud"):
        refuse_unknown(words, whole=False)


def test_every_command_that_a_message_names_exists() -> None:
    for folder in ("domain", "projections", "adapters", "miniaws"):
        for path in (ROOT / folder).rglob("*.py"):
            text = re.sub(r'"\n\s*f?"', "", path.read_text())
            for words in calls(spans(text), "cloud"):
                if not PLACEHOLDER.search(" ".join(words)):
                    refuse_unknown(words, whole=False)


@page
def test_every_make_target_exists(path: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    text = path.read_text()
    named = {words[0] for words in calls([*blocks(text), *spans(text)], "make")}
    assert named <= targets


@page
def test_every_file_exists(path: Path) -> None:
    for span in spans(path.read_text()):
        name = span.split()[0].rstrip("/")
        if PLACEHOLDER.search(span) or "/" not in name or name.partition("/")[0] not in TOP:
            continue
        assert (ROOT / name).exists(), f"{name} is gone"


@page
def test_every_script_that_is_run_exists(path: Path) -> None:
    for line in blocks(path.read_text()):
        for name in re.findall(r"(?:^|\s)(scripts/[\w-]+)", line):
            assert (ROOT / name).exists(), f"{name} is gone"


@page
def test_every_link_leads_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text()):
        if not target.startswith(("http://127.0.0.1", "https://")):
            file, _, _ = target.partition("#")
            assert (path.parent / file).exists(), f"{target} leads nowhere"


@page
def test_every_variable_is_a_setting(path: Path) -> None:
    assert set(re.findall(r"MINIAWS_[A-Z_]+[A-Z]", path.read_text())) <= VARIABLES


def test_every_page_of_the_docs_is_linked() -> None:
    linked = {
        (path.parent / target.partition("#")[0]).resolve()
        for path in PAGES
        for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text())
    }
    lonely = [str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*.md") if path not in linked]
    assert lonely == [], "link it from README.md or the index of its folder"


def test_every_error_code_is_explained() -> None:
    create_app(Settings(), None)  # pyright: ignore[reportArgumentType] - with it every module is known
    kinds = problems.catalogue()
    assert {kind.code for kind in kinds} == set(problems.WHAT_HELPS), (
        "add the remedy to WHAT_HELPS in miniaws/http/problems.py"
    )
    literal = re.compile(r'(?:Problem|problem)\(\s*\d{3},\s*"(\w+)"|\d{3}: "(\w+_\w+)"')
    for path in (ROOT / "miniaws" / "http").glob("*.py"):
        for codes in literal.findall(path.read_text()):
            assert set(codes) - {""} <= {kind.code for kind in kinds}, f"{path.name}: {codes}"


async def test_the_type_of_a_problem_is_a_page_with_its_code() -> None:
    pages = FastAPI()
    pages.include_router(problems.router)
    async with AsyncClient(transport=ASGITransport(pages), base_url="http://localhost") as client:
        answer = await client.get("/problems")
    assert answer.headers["content-type"].startswith("text/html")
    for kind in problems.catalogue():
        assert f'id="{kind.code}"' in answer.text
