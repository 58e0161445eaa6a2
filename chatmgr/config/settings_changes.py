"""Changes to ``config.toml``: one value, one provider, or the whole text. Comments and order stay.

The file is read, changed and replaced while no other process of chatmgr changes it, and it is replaced only
if it could be read afterwards: a change never makes a good file bad.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chatmgr.config import settings
from chatmgr.config.paths import make_private_folder
from chatmgr.config.text_file import changing, read_text, write_private
from chatmgr.domain.errors import ConfigurationFault, NotFound, UsageFault
from chatmgr.domain.names import nearest

if TYPE_CHECKING:
    from tomlkit import TOMLDocument

_TRUTH = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False}
_TRUTH["0"] = False
_LONGEST_NUMBER = 40  # characters; Python refuses to read those of some thousands
_SEE_ALL = "See them all: chatmgr config show"


def setting(key: str) -> settings.Setting:
    """The setting of this key. Raises NotFound with the nearest keys; for what has a verb, names the verb."""
    if row := settings.BY_KEY.get(key):
        return row
    if key.startswith("providers."):
        name = key.split(".")[1] or "NAME"
        raise UsageFault(
            "Providers are changed by a verb of their own.", f"Type: chatmgr provider add {name} --help"
        )
    if re.search(r"(^|[._-])(api_?)?key$|token$|secret$|_KEY$", key, re.IGNORECASE):
        raise UsageFault("Keys are not settings.", "Type: chatmgr config set-key PROVIDER")
    raise NotFound("setting", key, nearest(key, settings.BY_KEY), _SEE_ALL)


def values_of(row: settings.Setting) -> tuple[str, ...]:
    """The values that a setting can have, as typed, if there are only a few."""
    return ("true", "false") if isinstance(row.default, bool) else row.choices


def value_from(row: settings.Setting, text: str) -> Any:
    """What was typed as the value of a setting. Raises UsageFault that says what is expected."""
    kind = type(row.default)
    if kind is str:
        value: Any = text
    elif kind is bool:
        value = _TRUTH.get(text.strip().lower())
    else:
        value = _number(kind, text)
    if value is None:
        raise UsageFault(f"“{row.key}” must be {settings.TYPE_NAMES[kind]}, not “{text}”.", row.help)
    if row.choices and value not in row.choices:
        meant = nearest(text, row.choices)
        hint = f"Did you mean “{meant[0]}”?" if meant else row.help
        raise UsageFault(f"“{row.key}” must be {' or '.join(row.choices)}, not “{text}”.", hint)
    if kind in (int, float) and not 0 <= value <= settings.MAX_NUMBER:
        raise UsageFault(f"“{row.key}” must be between 0 and {settings.MAX_NUMBER:,}, not {text}.", row.help)
    return value


def _number(kind: type[int] | type[float], text: str) -> int | float | None:
    """A number as people type it, with separators of thousands; None for what is none."""
    plain = re.sub(r"(?<=\d)[,_](?=\d{3}\b)", "", text.strip())
    is_number = re.fullmatch(r"-?\d+" if kind is int else r"-?(\d+\.?\d*|\.\d+)", plain)
    return kind(plain) if is_number and len(plain) <= _LONGEST_NUMBER else None


def set_value(key: str, value: Any) -> None:
    """Write a setting; the rest of the file, comments included, stays the same."""
    import tomlkit

    *outer, last = key.split(".")
    with _changing() as document:
        table: Any = document
        for part in outer:
            if part not in table:
                table[part] = tomlkit.table()
            table = table[part]
            if not isinstance(table, dict):
                raise ConfigurationFault(
                    f"{settings.config_file()}: “{part}” must be a table.",
                    f"Remove it: chatmgr config unset {part}",
                )
        table[last] = value


def unset_value(key: str) -> bool:
    """Remove a setting, or a key that is none, from the file; False if the file does not have it."""
    with _changing() as document:
        *outer, last = key.split(".")
        tables: list[Any] = [document]
        for part in outer:
            inner = tables[-1].get(part)
            if not isinstance(inner, dict):
                return False
            tables.append(inner)
        if last not in tables[-1]:
            return False
        del tables[-1][last]
    return True


def set_provider(name: str, table: Mapping[str, str] | None) -> None:
    """Write or remove ``[providers.NAME]``; the rest of the file, comments included, stays the same."""
    import tomlkit

    with _changing() as document:
        if "providers" not in document:
            document["providers"] = tomlkit.table(is_super_table=True)
        providers: Any = document["providers"]
        if table is not None:
            providers[name] = dict(table)
        elif name in providers:
            del providers[name]


def set_default_model(name: str, model: str) -> None:
    """Write the default model of a provider, built in or of the user's own."""
    import tomlkit

    with _changing() as document:
        if "providers" not in document:
            document["providers"] = tomlkit.table(is_super_table=True)
        providers: Any = document["providers"]
        if name not in providers:
            providers[name] = tomlkit.table()
        providers[name]["default_model"] = model


def current_text() -> str:
    """The file as it is; empty if there is none. Raises ConfigurationFault if it cannot be read as text."""
    path = settings.config_file()
    try:
        return read_text(path)
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise ConfigurationFault(f"{path} cannot be read: {error.strerror}.", "Fix or remove it.") from error
    except UnicodeDecodeError as error:
        raise ConfigurationFault(f"{path} is not UTF-8 text.", "Save the file as UTF-8.") from error


def problem_of(text: str) -> ConfigurationFault | None:
    """What is wrong with a text that is to become the file, with its line; None if nothing is."""
    path = settings.config_file()
    try:
        text.encode()
        settings.parse(path, text)
    except UnicodeEncodeError as error:  # bytes of another encoding, as an editor left them
        line = text.count("\n", 0, error.start) + 1
        return ConfigurationFault(f"{path}, line {line} is not UTF-8 text.", "Save the file as UTF-8.")
    except ConfigurationFault as error:
        return error
    return None


def replace_text(old: str, new: str) -> bool:
    """Replace the whole file, if it still holds the old text; False if it was changed meanwhile."""
    path = settings.config_file()
    make_private_folder(path.parent)
    with changing(path):
        if current_text() != old:
            return False
        _write_checked(path, new)
    return True


def keep_aside(text: str) -> Path:
    """Keep a text that could not become the file beside it; returns where."""
    path = settings.config_file().with_name("config.toml.edited")
    write_private(path, text)
    return path


@contextmanager
def _changing() -> "Iterator[TOMLDocument]":
    """The settings file as it is now; what the block makes of it is written, and nobody writes meanwhile."""
    import tomlkit
    from tomlkit.exceptions import ParseError

    path = settings.config_file()
    make_private_folder(path.parent)
    with changing(path):
        text = current_text()
        try:
            document = tomlkit.parse(text)
        except ParseError:
            raise problem_of(text) or ConfigurationFault(f"{path} is not valid TOML.") from None
        yield document
        changed = tomlkit.dumps(document)
        if changed != text:
            _write_checked(path, changed)


def _write_checked(path: Path, text: str) -> None:
    """Write the settings, unless they could not be read afterwards."""
    if problem := problem_of(text):
        raise ConfigurationFault(
            f"The settings would not be valid, so nothing is changed: {problem.message}", problem.hint
        )
    write_private(path, text)
