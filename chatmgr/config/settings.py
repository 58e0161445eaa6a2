"""What the user chose, in ``config.toml``; every setting is one row of one table.

The table is the validation, the default and the documentation at once: a key that is not in it is
refused with its file and line, and ``chatmgr config show`` prints it. Providers are tables of their
own: ``[providers.work]``.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Any

from chatmgr.config.paths import config_dir, private
from chatmgr.domain.errors import ConfigurationFault
from chatmgr.domain.model import Provider
from chatmgr.domain.text import MESSAGE_LIMIT, nearest
from chatmgr.domain.values import dataclass


@dataclass(frozen=True, slots=True)
class Setting:
    """One key: its type by its default, what it means, and its values where there are only a few."""

    key: str
    default: Any
    help: str
    choices: tuple[str, ...] = ()


SETTINGS = (
    Setting("provider", "", "Provider of new assistants when none is named (CHATMGR_PROVIDER goes first)."),
    Setting("message_limit", MESSAGE_LIMIT, "Longest message, in characters."),
    Setting("tail", 3, "Turns shown when a conversation is resumed."),
    Setting("edit_mode", "emacs", "Keys of the chat's input line: emacs or vi.", ("emacs", "vi")),
    Setting("titles", True, "Have the model give new conversations a title (not counted in their cost)."),
    Setting("titles_private", False, "Also at private servers and the embedded model, which it holds up."),
    Setting("title_seconds", 3.0, "Seconds that send and new stay for a title after the answer."),
    Setting("folders", True, "Remember the folder in which a conversation was used last, for --here."),
    Setting("timeout", 300.0, "Seconds a server may stay silent in the middle of an answer."),
    Setting("recover_seconds", 30.0, "Seconds to look for an answer whose connection broke."),
    Setting("queued_seconds", 600.0, "Seconds a background run may wait in the server's queue."),
    Setting("retry_attempts", 5, "Times a call is made in all, where the server says later."),
    Setting("retry_seconds", 60.0, "Seconds to wait in all, where the server says later."),
    Setting("show_reasoning", False, "Show what the model says to itself, dimmed, at a terminal."),
    Setting("plain", False, "Show answers as they are, without rendering their Markdown."),
    Setting("compact_threshold", 200_000, "Tokens past which a thread is compacted (responses); 0: never."),
    Setting(
        "trash_days", 0, "Days that the trash keeps what is in it, announced before it goes; 0: for ever."
    ),
    Setting("run_seconds", 600.0, "Seconds a polled run may take before it is given up."),
    Setting("local.threads", 0, "Threads of the embedded model; 0: half of the processors."),
    Setting("local.context", 8192, "Tokens the embedded model can see at once."),
    Setting("local.max_tokens", 1024, "Longest answer of the embedded model, in tokens."),
)
PROVIDER_KEYS = {"api": str, "base_url": str, "key_env": str, "default_model": str}
APIS = ("responses", "assistants", "completions")
_MOST = 1_000_000_000  # of anything: far past all use, and no clock or database stumbles over it
OPENAI_URL = "https://api.openai.com/v1"
_BY_KEY = {setting.key: setting for setting in SETTINGS}


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings in force and the providers, built in and the user's own."""

    values: Mapping[str, Any]
    providers: Mapping[str, Provider]
    source: Path
    own: frozenset[str] = field(default_factory=frozenset)

    def get(self, key: str) -> Any:
        """A setting's value, or its default."""
        return self.values.get(key, _BY_KEY[key].default)


def config_file() -> Path:
    """Where the settings are."""
    return config_dir() / "config.toml"


def load() -> Settings:
    """Read and check the settings; raises ConfigurationFault with file, line and key."""
    path = config_file()
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Settings({}, _built_in({}), path)
    except OSError as error:
        raise ConfigurationFault(f"{path} cannot be read: {error.strerror}.", "Mend or remove it.") from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ConfigurationFault(f"{path}, line {line} is not UTF-8 text.", "Mend that line.") from error
    import tomllib

    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationFault(f"{path} is not valid TOML: {error}.", "Mend that line.") from error
    check = _Check(path, text)
    tables = found.pop("providers", {})
    if not isinstance(tables, dict):
        check.fail("providers", "must be tables, like [providers.work]")
    own = {name: check.provider(name, table) for name, table in tables.items()}
    return Settings(check.flat(found), _built_in(own), path, frozenset(own))


class _Check:
    """Says where in the file a wrong key stands."""

    def __init__(self, path: Path, text: str) -> None:
        self._path, self._lines = path, text.splitlines()

    def fail(self, key: str, why: str, hint: str = "") -> None:
        last = key.rpartition(".")[2]
        pattern = re.compile(rf'^\s*(\[.*\b{re.escape(last)}"?\]|"?{re.escape(last)}"?\s*=)')
        line = next((at for at, text in enumerate(self._lines, 1) if pattern.match(text)), 1)
        raise ConfigurationFault(f"{self._path}, line {line}: “{key}” {why}.", hint or "Mend that line.")

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
        setting = _BY_KEY.get(key)
        if setting is None:
            close = nearest(key, _BY_KEY)
            self.fail(key, "is not a setting", f"Did you mean “{close[0]}”?" if close else "")
            return None
        wanted = type(setting.default)
        if wanted is float and type(value) is int:
            return float(value)
        if type(value) is not wanted:
            self.fail(key, f"must be {_TYPE_NAMES[wanted]}, not {value!r}")
        if setting.choices and value not in setting.choices:
            self.fail(key, f"must be {' or '.join(setting.choices)}, not {value!r}")
        if wanted is not str and not 0 <= value <= _MOST:
            self.fail(key, f"must lie between 0 and {_MOST:,}")
        return value

    def provider(self, name: str, table: Any) -> Provider:
        """A ``[providers.NAME]`` table."""
        where = f"providers.{name}"
        if not isinstance(table, dict):
            self.fail(where, f"must be a table, like [{where}]")
        for key, value in table.items():
            if key not in PROVIDER_KEYS:
                self.fail(f"{where}.{key}", f"is none of {', '.join(PROVIDER_KEYS)}")
            if not isinstance(value, str):
                self.fail(f"{where}.{key}", "must be text")
        if name in BUILT_IN:
            return Provider(name, **{**BUILT_IN[name], **table, "api": BUILT_IN[name]["api"]})
        if table.get("api") not in APIS:
            self.fail(f"{where}.api", f"must be one of {', '.join(APIS)}")
        if not str(table.get("base_url", "")).startswith(("http://", "https://")):
            self.fail(f"{where}.base_url", "must begin with http:// or https://")
        return Provider(name, **table)


_TYPE_NAMES = {str: "text", bool: "true or false", int: "a whole number", float: "a number"}

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


def _built_in(own: Mapping[str, Provider]) -> dict[str, Provider]:
    """The built-in providers under the user's; ``OPENAI_BASE_URL`` moves ``openai``.

    Behind another address stands another server: the default model is then the first it lists.
    """
    found = {name: Provider(name, **row) for name, row in BUILT_IN.items()} | dict(own)
    url = os.environ.get("OPENAI_BASE_URL")
    if url and "openai" not in own:
        default = BUILT_IN["openai"]["default_model"] if url.rstrip("/") == OPENAI_URL else ""
        row = {**BUILT_IN["openai"], "base_url": url.rstrip("/"), "default_model": default}
        found["openai"] = Provider("openai", **row)
    return found


def written(value: Any) -> str:
    """A setting's value as it stands in the file: what JSON and TOML write alike."""
    import json

    return json.dumps(value, ensure_ascii=False)


def set_provider(name: str, table: Mapping[str, str] | None) -> None:
    """Write or remove ``[providers.NAME]``, leaving the rest of the file, comments too, as it is."""
    import tomlkit

    path = config_file()
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    document = tomlkit.parse(text)
    if "providers" not in document:
        document["providers"] = tomlkit.table(is_super_table=True)
    providers: Any = document["providers"]
    if table is None:
        del providers[name]
    else:
        providers[name] = dict(table)
    private(path.parent)
    write_private(path, tomlkit.dumps(document))


def set_default_provider(name: str) -> None:
    """Write the setting ``provider``, leaving the rest of the file as it is."""
    import tomlkit

    path = config_file()
    document = tomlkit.parse(path.read_text(encoding="utf-8") if path.exists() else "")
    document["provider"] = name
    private(path.parent)
    write_private(path, tomlkit.dumps(document))


def write_private(path: Path, text: str) -> None:
    """Replace a file whole, readable by its owner alone; a crash leaves the old one."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(beside, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise ConfigurationFault(f"{path} cannot be written: {error.strerror}.", "") from error
