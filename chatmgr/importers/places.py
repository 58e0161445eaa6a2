"""Where the programs of this machine keep their conversations, if they are installed.

Each row of ``PLACES`` is one program, with the folders and files that it uses by default. Whether
conversations are in them is for the import to find out, by their content.
"""

import os
import sys
import tempfile
from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from chatmgr.domain.fast_dataclass import dataclass
from chatmgr.importers.reading.files import SKIPPED

_MOST = 100_000  # files that are counted

# The kind of source, what it is called, and where it may be; {…} are the folders of ``_roots``, and those
# that a variable of the environment names.
PLACES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (
        "llm",
        "llm",
        (
            "{LLM_USER_PATH}/logs.db",
            "{config}/io.datasette.llm/logs.db",
            "{support}/io.datasette.llm/logs.db",
            "{roaming}/io.datasette.llm/logs.db",
            "{home}/.llm/log.db",
        ),
    ),
    (
        "codex",
        "Codex CLI",
        (
            *("{CODEX_HOME}/sessions", "{home}/.codex/sessions"),
            *("{CODEX_HOME}/archived_sessions", "{home}/.codex/archived_sessions"),
        ),
    ),
    ("claude-code", "Claude Code", ("{CLAUDE_CONFIG_DIR}/projects", "{home}/.claude/projects")),
    ("gemini-cli", "Gemini CLI", ("{home}/.gemini/tmp",)),
    ("gptme", "gptme", ("{GPTME_LOGS_HOME}", "{data}/gptme/logs")),
    ("chat", "shell_gpt", ("{CHAT_CACHE_PATH}", "{tmp}/chat_cache")),
    (
        "aichat",
        "aichat",
        (
            *("{AICHAT_CONFIG_DIR}/sessions", "{config}/aichat/sessions", "{support}/aichat/sessions"),
            *("{AICHAT_CONFIG_DIR}/messages.md", "{config}/aichat/messages.md"),
            "{support}/aichat/messages.md",
        ),
    ),
    ("chat", "chatgpt-cli", ("{home}/.chatgpt-cli/history",)),
    ("elia", "elia", ("{data}/elia/elia.sqlite",)),
    ("oterm", "oterm", ("{data}/oterm/store.db", "{support}/oterm/store.db")),
    ("open-webui", "Open WebUI", ("{DATA_DIR}/webui.db", "{home}/.open-webui/webui.db")),
    ("lm-studio", "LM Studio", ("{home}/.lmstudio/conversations", "{cache}/lm-studio/conversations")),
    (
        "openai-threads",
        "Jan",
        ("{data}/Jan/data/threads", "{support}/Jan/data/threads", "{home}/jan/threads"),
    ),
)


@dataclass(frozen=True, slots=True)
class FoundPlace:
    """What a program keeps on this machine: how many files, of how many bytes, and when one changed last."""

    kind: str
    label: str
    path: Path
    files: int
    size: int
    changed_at: datetime


def found_places(kinds: Collection[str]) -> Iterator[FoundPlace]:
    """What is there of these kinds of sources, each place once, empty ones left out."""
    wanted = {_plain(kind): kind for kind in kinds}
    met: set[Path] = set()
    for name, label, templates in PLACES:
        for template in templates:
            path = _path(template) if _plain(name) in wanted else None
            if path is None or path in met:
                continue
            met.add(path)
            if found := _look(wanted[_plain(name)], label, path):
                yield found


def programs_here(kinds: Collection[str]) -> list[str]:
    """The programs of these kinds that keep something on this machine, without looking at how much."""
    wanted = set(map(_plain, kinds))
    there = {
        label: None
        for kind, label, templates in PLACES
        for template in templates
        if _plain(kind) in wanted and (path := _path(template)) is not None and path.exists()
    }
    return list(there)


def _plain(kind: str) -> str:
    return "".join(filter(str.isalnum, kind.lower()))


def _path(template: str) -> Path | None:
    """The path that a template stands for here; None where a folder or a variable in it is not there."""
    name, _, rest = template[1:].partition("}")
    root = _roots().get(name) or os.environ.get(name, "")
    return Path(root + rest) if root.startswith(os.sep) or Path(root).is_absolute() else None


@cache
def _roots() -> dict[str, str]:
    home = str(Path.home())
    roots = {"home": home, "tmp": tempfile.gettempdir()}
    for name, variable, usual in (
        ("config", "XDG_CONFIG_HOME", ".config"),
        ("data", "XDG_DATA_HOME", ".local/share"),
        ("cache", "XDG_CACHE_HOME", ".cache"),
    ):
        roots[name] = os.environ.get(variable) or f"{home}/{usual}"
    if sys.platform == "darwin":
        roots["support"] = f"{home}/Library/Application Support"
    roots["roaming"] = os.environ.get("APPDATA", "")
    return roots


def _look(kind: str, label: str, path: Path) -> FoundPlace | None:
    """What is at a path; None where there is nothing, or it is another user's."""
    files, size, newest = 0, 0, 0.0
    for file in _files(path):
        try:
            status = file.stat()
        except OSError:
            continue
        if hasattr(os, "getuid") and status.st_uid != os.getuid():
            continue
        files += 1
        size += status.st_size
        newest = max(newest, status.st_mtime)
    return FoundPlace(kind, label, path, files, size, datetime.fromtimestamp(newest, UTC)) if files else None


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
        return
    count = 0
    for parent, folders, names in os.walk(path):
        folders[:] = [name for name in folders if name not in SKIPPED]
        for name in names:
            count += 1
            if count > _MOST:
                return
            yield Path(parent) / name
