"""The files of chatmgr import each other in one direction, and are small enough to be read at one sitting."""

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "chatmgr"
FILE_LINES = 300
FUNCTION_LINES = 40

Function = ast.FunctionDef | ast.AsyncFunctionDef


def modules() -> dict[str, Path]:
    """Each module's path, by its dotted name."""
    names: dict[str, Path] = {}
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        names[".".join(parts).removesuffix(".__init__")] = path
    return names


def imported(path: Path, names: dict[str, Path]) -> Iterator[str]:
    """The modules of chatmgr that a file imports: at its top, inside functions, and for types."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in names)
        elif isinstance(node, ast.ImportFrom) and node.module in names:
            submodules = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name for name in submodules if name in names)
            if any(name not in names for name in submodules):
                yield node.module


def circle(graph: dict[str, set[str]]) -> list[str]:
    """A circle of files, if there is one."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        members: list[str] = error.args[1]
        return members
    return []


def test_no_files_import_each_other_in_a_circle() -> None:
    names = modules()
    assert circle({name: set(imported(path, names)) for name, path in names.items()}) == []


def test_a_circle_is_noticed(tmp_path: Path) -> None:
    names = {"a": tmp_path / "a.py", "b": tmp_path / "b.py"}
    names["a"].write_text("import b\n")
    names["b"].write_text("def call() -> None:\n    from a import thing\n")
    assert set(circle({name: set(imported(path, names)) for name, path in names.items()})) == {"a", "b"}


@pytest.mark.parametrize("kind", ["files", "functions"])
def test_sizes(kind: str) -> None:
    paths = modules().values()
    if kind == "files":
        lengths = {str(path): len(path.read_text().splitlines()) for path in paths}
        assert {path: lines for path, lines in lengths.items() if lines > FILE_LINES} == {}
    else:
        assert [too_long for path in paths for too_long in long_functions(path)] == []


def long_functions(path: Path) -> Iterator[tuple[str, str, int]]:
    """The functions of a file that have too many lines, with these."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, Function) and (lines := length(node)) > FUNCTION_LINES:
            yield str(path), node.name, lines


def length(function: Function) -> int:
    """A function's lines; of a verb those below its parameters and its help, which are what people read."""
    start = function.lineno
    if any("click.command" in ast.unparse(decorator) for decorator in function.decorator_list):
        start = (function.body[1] if ast.get_docstring(function) else function.body[0]).lineno
    return (function.end_lineno or start) - start + 1
