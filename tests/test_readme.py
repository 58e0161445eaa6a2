"""The README says what is so: its reference is the commands' own help, its two commands are there."""

import re
import tomllib
from pathlib import Path

from chatmgr import __version__
from chatmgr.cli.help.reference import placed

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_the_reference_is_what_help_prints() -> None:
    assert placed(README) == README, "run: python -m chatmgr.cli.help.reference"


def test_two_commands_are_all_the_set_up() -> None:
    lines = [
        line for line in README.splitlines() if line.startswith(("python3 -m venv", ".venv/bin/pip install"))
    ]
    assert len(lines) == 2
    assert "chatmgr new demo --provider local" in lines[0]
    assert "--group dev" in lines[1]
    assert lines[1].endswith("pytest -q -n auto --dist loadgroup")


def test_every_dependency_is_bounded_and_has_its_reason() -> None:
    extras = [one for group in PROJECT["optional-dependencies"].values() for one in group]
    for requirement in [*PROJECT["dependencies"], *extras]:
        name = re.split(r"[\[<>=]", requirement)[0]
        assert ",<" in requirement, f"{requirement} has no upper bound"
        assert re.search(rf"^\|[^|]*\b{name}\b", README, re.MULTILINE), f"{name} is not in the README's table"


def test_the_version_is_one() -> None:
    assert PROJECT["version"] == __version__
    assert f"## {__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
