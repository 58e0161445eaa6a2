"""The user's settings in ``config.toml``; every setting is one row of one table.

The table is validation, defaults and documentation at once: an unknown key is refused with its file and
line, and ``chatmgr config show`` prints the table. Providers have tables of their own:
``[providers.work]``.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from shlex import quote
from typing import Any

from chatmgr.config.paths import config_dir
from chatmgr.config.text_file import read_text
from chatmgr.domain.errors import ConfigurationFault
from chatmgr.domain.fast_dataclass import dataclass
from chatmgr.domain.model import Provider
from chatmgr.domain.names import nearest
from chatmgr.domain.text import MESSAGE_LIMIT


@dataclass(frozen=True, slots=True)
class Setting:
    """One key: its default (which gives its type), its meaning, and its values if there are only a few."""

    key: str
    default: Any
    help: str
    choices: tuple[str, ...] = ()


SETTINGS = (
    Setting("provider", "", "Provider for new assistants if none is named (CHATMGR_PROVIDER goes first)."),
    Setting("message_limit", MESSAGE_LIMIT, "Longest message, in characters."),
    Setting("tail", 3, "Turns shown when a conversation is resumed."),
    Setting("edit_mode", "emacs", "Key bindings of the chat's input line: emacs or vi.", ("emacs", "vi")),
    Setting("titles", True, "Have the model title new conversations (not counted in their cost)."),
    Setting(
        "titles_private", False, "Title them at private servers and the embedded model too, which takes time."
    ),
    Setting("title_seconds", 3.0, "Seconds that send and new wait for a title after the answer."),
    Setting("folders", True, "Remember the folder where a conversation was last used, for --here."),
    Setting("timeout", 300.0, "Seconds a server may be silent in the middle of an answer."),
    Setting("recover_seconds", 30.0, "Seconds to keep looking for an answer after the connection broke."),
    Setting("queued_seconds", 600.0, "Seconds a background run may wait in the server's queue."),
    Setting("retry_attempts", 5, "Attempts in all for a call that the server asks to repeat later."),
    Setting("retry_seconds", 60.0, "Seconds to wait in all for a server that asks to retry later."),
    Setting("show_reasoning", False, "Show the model's reasoning, dimmed, at a terminal."),
    Setting(
        "theme",
        "auto",
        "Colours: the terminal's own 16 (auto), tints for a dark or a light background, or none.",
        ("auto", "dark", "light", "none"),
    ),
    Setting("prose_width", 100, "Columns that prose takes at most at a wide terminal; 0: all of them."),
    Setting(
        "code_frame",
        False,
        "Draw a frame around code; without, nothing stands left of its lines.",
    ),
    Setting("plain", False, "Print answers without rendering their Markdown."),
    Setting(
        "images",
        "auto",
        "Draw images: auto asks the terminal; none; or the protocol to use.",
        ("auto", "none", "kitty", "iterm2", "sixel"),
    ),
    Setting(
        "notify",
        "none",
        "Notify when an answer that took long is there: auto goes by the terminal; or bell, osc9, osc777.",
        ("none", "auto", "bell", "osc9", "osc777"),
    ),
    Setting("notify_after", 10.0, "Seconds that an answer must have taken for a notification."),
    Setting("compact_threshold", 200_000, "Tokens above which a thread is compacted (responses); 0: never."),
    Setting(
        "trash_days", 0, "Days to keep conversations in the trash, with a notice before they go; 0: forever."
    ),
    Setting("remote", "", "Database that push and pull exchange with, without its password."),
    Setting("run_seconds", 600.0, "Seconds a polled run may take before chatmgr gives up on it."),
    Setting("local.threads", 0, "Threads of the embedded model; 0: half the processors."),
    Setting("local.context", 8192, "Context length of the embedded model, in tokens."),
    Setting("local.max_tokens", 1024, "Longest answer of the embedded model, in tokens."),
)
PROVIDER_KEYS = {"api": str, "base_url": str, "key_env": str, "default_model": str}
APIS = ("responses", "assistants", "completions")
MAX_NUMBER = 1_000_000_000  # for every number: beyond any use, and safe for clocks and databases
OPENAI_URL = "https://api.openai.com/v1"
BY_KEY = {setting.key: setting for setting in SETTINGS}


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings in force, and the providers: the built-in ones and the user's own (named in ``own``).

    ``faults`` says why a provider cannot be used, by its name: reading and repairing must go on without it.
    """

    values: Mapping[str, Any]
    providers: Mapping[str, Provider]
    source: Path
    own: frozenset[str] = field(default_factory=frozenset)
    faults: Mapping[str, str] = field(default_factory=dict)

    def get(self, key: str) -> Any:
        """A setting's value, or its default."""
        return self.values.get(key, BY_KEY[key].default)


def config_file() -> Path:
    """The path of the settings file."""
    return config_dir() / "config.toml"


def load(*, replacing: str = "") -> Settings:
    """Read and check the settings. Raises ConfigurationFault with the file, the line and the key.

    ``replacing`` names a provider whose table is about to be replaced or removed: it need not be right.
    """
    path = config_file()
    try:
        text = read_text(path)
    except FileNotFoundError:
        text = ""
    except OSError as error:
        raise ConfigurationFault(f"{path} cannot be read: {error.strerror}.", "Fix or remove it.") from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        hint = "Save the file as UTF-8."
        raise ConfigurationFault(f"{path}, line {line} is not UTF-8 text.", hint) from error
    return parse(path, text, replacing)


def parse(path: Path, text: str, replacing: str = "") -> Settings:
    """The settings in a file's text, checked as ``load`` does; ``path`` is for the errors."""
    import tomllib

    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationFault(f"{path} is not valid TOML: {error}.", "Fix that line.") from error
    checker = _Checker(path, text)
    provider_tables = document.pop("providers", {})
    if not isinstance(provider_tables, dict):
        checker.fail("providers", "must be tables, like [providers.work]")
    values = checker.flat(document)
    kept = {name: table for name, table in provider_tables.items() if name != replacing}
    own = {name: checker.provider(name, table) for name, table in kept.items()}
    providers, faults = _with_built_in(own)
    return Settings(values, providers, path, frozenset(provider_tables), faults)


class _Checker:
    """Checks keys and values, and reports the line of the file that a wrong one is on."""

    def __init__(self, path: Path, text: str) -> None:
        self._path, self._lines = path, text.splitlines()
        self._hint = "Fix that line."

    def fail(self, key: str, problem: str, hint: str = "") -> None:
        last_part = key.rpartition(".")[2]
        pattern = re.compile(rf'^\s*(\[.*\b{re.escape(last_part)}"?\]|"?{re.escape(last_part)}"?\s*=)')
        line = next((number for number, text in enumerate(self._lines, 1) if pattern.match(text)), 1)
        raise ConfigurationFault(f"{self._path}, line {line}: “{key}” {problem}.", hint or self._hint)

    def flat(self, table: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
        """Dotted keys and their checked values."""
        values: dict[str, Any] = {}
        for key, value in table.items():
            dotted = f"{prefix}{key}"
            if isinstance(value, dict):
                values |= self.flat(value, f"{dotted}.")
            else:
                values[dotted] = self._value(dotted, value)
        return values

    def _value(self, key: str, value: Any) -> Any:
        setting = BY_KEY.get(key)
        if setting is None:
            suggestions = nearest(key, BY_KEY)
            self.fail(key, "is not a setting", f"Did you mean “{suggestions[0]}”?" if suggestions else "")
            return None
        expected_type = type(setting.default)
        if expected_type is float and type(value) is int:
            return float(value)
        if type(value) is not expected_type:
            self.fail(key, f"must be {TYPE_NAMES[expected_type]}, not {value!r}")
        if setting.choices and value not in setting.choices:
            self.fail(key, f"must be {' or '.join(setting.choices)}, not {value!r}")
        if expected_type is not str and not 0 <= value <= MAX_NUMBER:
            self.fail(key, f"must be between 0 and {MAX_NUMBER:,}")
        return value

    def provider(self, name: str, table: Any) -> Provider:
        """The provider of a ``[providers.NAME]`` table."""
        key_prefix = f"providers.{name}"
        self._hint = f"Fix that line, or type: chatmgr provider remove {quote(name)}"
        if not isinstance(table, dict):
            self.fail(key_prefix, f"must be a table, like [{key_prefix}]")
        for key, value in table.items():
            if key not in PROVIDER_KEYS:
                self.fail(f"{key_prefix}.{key}", f"is not one of {', '.join(PROVIDER_KEYS)}")
            if not isinstance(value, str):
                self.fail(f"{key_prefix}.{key}", "must be text")
        if name not in BUILT_IN and table.get("api") not in APIS:
            self.fail(f"{key_prefix}.api", f"must be one of {', '.join(APIS)}")
        if name not in BUILT_IN or "base_url" in table:
            self._base_url(f"{key_prefix}.base_url", table.get("base_url", ""))
        if name in BUILT_IN:
            return Provider(name, **{**BUILT_IN[name], **table, "api": BUILT_IN[name]["api"]})
        return Provider(name, **table)

    def _base_url(self, key: str, base_url: str) -> None:
        from chatmgr.domain.base_url import base_url_problem

        if problem := base_url_problem(base_url):
            self.fail(key, problem)


TYPE_NAMES = {str: "text", bool: "true or false", int: "a whole number", float: "a number"}

BUILT_IN: dict[str, dict[str, Any]] = {
    "openai": {
        "api": "responses",
        "base_url": OPENAI_URL,
        "key_env": "OPENAI_API_KEY",
        "default_model": "gpt-6-luna",
    },
    "ollama": {"api": "completions", "base_url": "http://127.0.0.1:11434/v1"},
    "local": {"api": "local", "default_model": "smollm2-135m-instruct"},
}


def _with_built_in(own: Mapping[str, Provider]) -> tuple[dict[str, Provider], dict[str, str]]:
    """The built-in providers and the user's own, and why some cannot be used; OPENAI_BASE_URL moves openai.

    Another address means another server, so the default model is then the first one it lists.
    """
    providers = {name: Provider(name, **fields) for name, fields in BUILT_IN.items()} | dict(own)
    url = os.environ.get("OPENAI_BASE_URL", "").strip()
    if not url or "openai" in own:
        return providers, {}
    from chatmgr.domain.base_url import base_url_problem, without_trailing_slash

    if problem := base_url_problem(url):
        return providers, {"openai": f"The address in OPENAI_BASE_URL {problem}."}
    url = without_trailing_slash(url)
    default = BUILT_IN["openai"]["default_model"] if url == OPENAI_URL else ""
    providers["openai"] = Provider(
        "openai", **{**BUILT_IN["openai"], "base_url": url, "default_model": default}
    )
    return providers, {}


def to_toml(value: Any) -> str:
    """A setting's value as written in the file; JSON and TOML agree on these."""
    import json

    return json.dumps(value, ensure_ascii=False)
