"""The documents say what is so: their commands parse, their paths and links lead somewhere."""

import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import cast

import click
import pytest
import yaml

from chatmgr.chat.commands import registry
from chatmgr.chat.commands.group import Session
from chatmgr.cli.help import reference
from tests.support.command_lines import commands, parse, resolve

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
CONTRIBUTING = ROOT / "CONTRIBUTING.md"
PAGES = [ROOT / "README.md", CONTRIBUTING, ROOT / "SECURITY.md", *sorted(DOCS.rglob("*.md"))]
PROSE = [page for page in PAGES if page.name != "reference.md"]
TREES = ("chatmgr/", "tests/", "docs/", "migrations/", "benchmarks/")


def shell_lines(page: Path) -> Iterator[str]:
    """The lines of a page's shell blocks."""
    for block in re.findall(r"^ *```sh\n(.*?)^ *```", page.read_text("utf-8"), re.MULTILINE | re.DOTALL):
        yield from (line.strip() for line in block.splitlines() if line.strip())


def inline_code(page: Path) -> Iterator[str]:
    """What stands between backticks in a page's prose and tables."""
    text = re.sub(r"^ *```.*?^ *```", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    yield from (code.replace("\\|", "|") for code in re.findall(r"`([^`\n]+)`", text))


def named(pages: list[Path]) -> list[object]:
    """Pages as parameters, each by its own path."""
    return [pytest.param(page, id=str(page.relative_to(ROOT))) for page in pages]


def test_the_reference_is_what_help_prints() -> None:
    assert (DOCS / "reference.md").read_text("utf-8") == reference.render(), "run: nox -s docs"


def test_the_readme_can_be_read_in_one_sitting() -> None:
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) <= 200


@pytest.mark.parametrize("page", named(PROSE))
def test_commands_in_shell_blocks_parse(page: Path) -> None:
    for line in shell_lines(page):
        for words in commands(line):
            if words[0].removeprefix(".venv/bin/") == "chatmgr":
                parse(words[1:])


def test_the_ten_things_people_do_parse() -> None:
    section = (ROOT / "README.md").read_text("utf-8").split("## Ten things people do")[1].split("\n\n`")[0]
    rows = [row.replace("\\|", "|") for row in re.findall(r"^\|[^|]+\| `(.+)` \|$", section, re.MULTILINE)]
    assert len(rows) == 10
    for row in rows:
        ours = [words for words in commands(row) if words[0] == "chatmgr"]
        assert ours, row
        for words in ours:
            parse(words[1:])


@pytest.mark.parametrize("page", named(PROSE))
def test_commands_in_the_text_exist_and_take_their_options(page: Path) -> None:
    for code in inline_code(page):
        if not re.match(r"chatmgr( [a-z-]|$)", code):
            continue
        for words in commands(code.replace("…", "")):
            if words[0] == "chatmgr":
                command, parent, rest = resolve([word for word in words[1:] if word != "COMMAND"])
                options = {flag for option in command.get_params(parent) for flag in option.opts}
                options |= {"--help"}
                asked = {word for word in rest if re.match(r"--\w", word)}
                assert asked <= options, code
                assert not (isinstance(command, click.Group) and rest and not asked), code


@pytest.mark.parametrize("page", named(PAGES))
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text("utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith(("http://", "https://")):
            continue
        path, _, anchor = target.partition("#")
        linked = (page.parent / path).resolve() if path else page
        assert linked.exists(), target
        assert not anchor or anchor in anchors(linked), target


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub and the site make them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", named(PROSE))
def test_paths_exist(page: Path) -> None:
    paths = {
        code for code in inline_code(page) if re.fullmatch(rf"({'|'.join(TREES)})[\w./-]*[./][\w/]*", code)
    }
    assert not [path for path in sorted(paths) if not (ROOT / path).exists()]


def test_modules_of_the_design_exist() -> None:
    rooms = "cli|chat|ui|services|turns|backends|store|formats|terminal|completion|config|domain"
    text = (DOCS / "design.md").read_text("utf-8")
    paths = set(re.findall(rf"(?<![\w/])(?:{rooms})/\w[\w./]*\w", text))
    assert paths
    package = ROOT / "chatmgr"
    missing = [path for path in paths if not ((package / path).exists() or (package / f"{path}.py").exists())]
    assert not missing


def ci_parts() -> set[str]:
    """The parts that ``.ci/run`` takes."""
    [names] = re.findall(r'^ALL="(.+)"$', (ROOT / ".ci/run").read_text("utf-8"), re.MULTILINE)
    return set(names.split())


def test_contributing_lines_can_be_typed() -> None:
    parts = ci_parts()
    sessions = set(re.findall(r"^def (\w+)\(session", (ROOT / "noxfile.py").read_text("utf-8"), re.MULTILINE))
    tools = {"python", "pytest", "pip", "pre-commit", "alembic", "zensical", "nox"}
    lines = [words for line in shell_lines(CONTRIBUTING) for words in commands(line)]
    assert lines
    for words in lines:
        for word in words[1:]:
            assert not word.startswith(TREES) or (ROOT / word).exists(), words
        if words[0] == ".ci/run":
            assert set(words[1:]) <= parts, words
        else:
            assert words[0].removeprefix(".venv/bin/") in tools, words
        if words[0].endswith("/nox"):
            assert words[words.index("-s") + 1] in sessions, words
        if words[0].endswith("/python"):
            assert words[1] != "-m" or find_spec(words[2]), words
    for code in inline_code(CONTRIBUTING):
        if code.startswith("python "):
            assert (ROOT / code.split()[1]).exists(), code
        elif code.startswith("nox -s "):
            assert code.split()[2] in sessions, code


def test_modules_that_regenerate_documents_exist() -> None:
    modules = re.findall(r'"-m", "([\w.]+)"', (ROOT / "noxfile.py").read_text("utf-8"))
    modules += re.findall(r"Generated by: python -m ([\w.]+\w)", (DOCS / "reference.md").read_text("utf-8"))
    assert modules
    assert all(find_spec(module) for module in modules), modules


def test_one_test_runs_as_contributing_says() -> None:
    [line] = [line for line in shell_lines(CONTRIBUTING) if " -k " in line]
    [words] = commands(line)
    assert words[0] == ".venv/bin/pytest"
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", *words[1:]], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert re.search(r"\b[1-9]\d* passed", ran.stdout)


def test_workflows_only_call_parts_that_exist() -> None:
    parts = ci_parts()
    called = False
    for file in sorted((ROOT / ".github").rglob("*.yml")):
        content = yaml.safe_load(file.read_text("utf-8"))
        for job in content.get("jobs", {}).values():
            for step in job["steps"]:
                words = step.get("run", "").split()
                if words[:1] == [".ci/run"]:
                    called = True
                    assert set(words[1:]) <= parts, step
    assert called


def test_the_settings_page_lists_every_setting_with_its_default(tmp_path: Path) -> None:
    kept = {name: text for name, text in os.environ.items() if not name.startswith("CHATMGR_")}
    shown = subprocess.run(
        [sys.executable, "-m", "chatmgr", "config", "show", "--json"],
        cwd=ROOT,
        env={**kept, "CHATMGR_HOME": str(tmp_path)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    settings = json.loads(shown.stdout)
    page = (DOCS / "guide/settings.md").read_text("utf-8")
    rows = re.findall(r"^\| `([\w.]+)` \| `([^`]+)` \|", page, re.MULTILINE)
    assert rows == [(key, json.dumps(value)) for key, value in settings.items()]


def test_the_guide_lists_every_slash_command() -> None:
    rows = re.findall(r"^\| (`/.*?) \|", (DOCS / "guide" / "chat.md").read_text("utf-8"), re.MULTILINE)
    listed = {name for row in rows for name in re.findall(r"`(/[a-z]+)", row)}
    groups = (group(cast("Session", None)) for group in registry.GROUPS)
    of_the_loop = {"/help", "/exit"}
    assert listed == of_the_loop | {command.name for group in groups for command in group.commands()}


@pytest.mark.parametrize("tool", ["schema.py", "screens.py"])
def test_pictures_are_up_to_date(tool: str) -> None:
    drawn = subprocess.run(
        [sys.executable, str(DOCS / "tools" / tool), "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert drawn.returncode == 0, drawn.stderr


@pytest.mark.parametrize("path", sorted(DOCS.rglob("*.svg")), ids=lambda path: path.name)
def test_pictures_are_small_well_formed_and_shown(path: Path) -> None:
    picture = path.read_text("utf-8")
    assert any(f"{path.name})" in page.read_text("utf-8") for page in PAGES)
    assert len(picture) < 60_000
    assert ET.fromstring(picture).tag.endswith("svg")
    assert not re.search(r"/(tmp|home|work|root)\b|<script|href=", picture)
