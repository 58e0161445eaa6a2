"""The README's two set-up commands are there; dependencies and version are what the documents say."""

import re
import tomllib
from pathlib import Path

from chatmgr import __version__

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
DEPENDENCIES = (ROOT / "docs/dependencies.md").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_two_commands_are_all_the_set_up() -> None:
    lines = [
        line for line in README.splitlines() if line.startswith(("python3 -m venv", ".venv/bin/pip install"))
    ]
    assert len(lines) == 2
    assert "chatmgr new demo --provider local" in lines[0]
    assert "--group dev" in lines[1]
    assert lines[1].endswith("pytest -q -n auto --dist loadgroup")


def test_every_dependency_is_bounded_and_has_its_reason() -> None:
    extras = [requirement for group in PROJECT["optional-dependencies"].values() for requirement in group]
    for requirement in [*PROJECT["dependencies"], *extras]:
        name = re.split(r"[\[<>=]", requirement)[0]
        assert ",<" in requirement, f"{requirement} has no upper bound"
        assert re.search(rf"^\|[^|]*\b{name}\b", DEPENDENCIES, re.MULTILINE), f"{name} is without a reason"


def test_the_version_is_one() -> None:
    assert PROJECT["version"] == __version__
    assert f"## {__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
