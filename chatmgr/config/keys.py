"""API keys: where they are found and stored. They never enter the database, arguments or logs.

A key is looked up in the provider's environment variable, then the system keyring (extra ``keyring``),
then a file that only its owner can read.
"""

import json
import os
from pathlib import Path

from chatmgr.config.paths import config_dir, make_private_folder
from chatmgr.config.text_file import changing, read_text, write_private
from chatmgr.domain.errors import ConfigurationFault
from chatmgr.domain.model import Provider

_KEYRING_SERVICE = "chatmgr"
_IN_KEYRING = "@keyring"  # in the file, marks a key as kept in the keyring: asking it in vain is slow


def key_file() -> Path:
    """The file used if there is no keyring."""
    return config_dir() / "keys.json"


def find_key(provider: Provider) -> tuple[str, str]:
    """A provider's key and where it was found; two empty strings if there is none."""
    if provider.key_env and (key := os.environ.get(provider.key_env, "").strip()):
        return key, provider.key_env
    key = _read_key_file().get(provider.name, "")
    if key == _IN_KEYRING:
        return _read_keyring(provider.name), "keyring"
    return key, str(key_file()) if key else ""


def store_key(name: str, key: str) -> str:
    """Store a key in the keyring if there is one, else in the file; returns where it is stored."""
    key = valid_key(key)
    in_keyring = _write_keyring(name, key)
    make_private_folder(key_file().parent)
    with changing(key_file()):
        keys = _read_key_file() | {name: _IN_KEYRING if in_keyring else key}
        write_private(key_file(), json.dumps(keys, indent=1) + "\n")
    return "the system keyring" if in_keyring else str(key_file())


def valid_key(key: str) -> str:
    """The key without surrounding blanks. Raises ConfigurationFault if it cannot be a key."""
    key = key.strip().removeprefix("\ufeff").strip()
    if problem := _problem(key):
        raise ConfigurationFault(f"That is not a key: {problem}.")
    return key


def check_key(provider: Provider) -> None:
    """Raise ConfigurationFault, naming its source, if a provider's key cannot be sent as it is."""
    if provider.key and (problem := _problem(provider.key)):
        _, source = find_key(provider)
        store = f"chatmgr config set-key {provider.name}"
        hint = f"Set {source} again." if source == provider.key_env else f"Type: {store}"
        raise ConfigurationFault(f"The key for {provider.name} in {source} is not a key: {problem}.", hint)


def _problem(key: str) -> str:
    """What keeps a text from being a key, which travels in a header; never the text itself."""
    if not key:
        return "it is empty"
    if any(char in key for char in "\r\n\v\f\x85\u2028\u2029"):
        return "it contains a line break"
    if not key.isascii():
        position = next(index for index, char in enumerate(key, 1) if not char.isascii())
        return f"its character {position} is not ASCII"
    return "" if key.isprintable() else "it contains unprintable characters"


def _read_key_file() -> dict[str, str]:
    path = key_file()
    try:
        stored = json.loads(read_text(path))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise ConfigurationFault(
            f"The key file {path} cannot be read.", "Remove it, then type: chatmgr config set-key"
        ) from error
    return {str(name): str(key) for name, key in stored.items()} if isinstance(stored, dict) else {}


def _read_keyring(name: str) -> str:
    try:
        import keyring
    except ImportError:
        return ""
    try:
        return keyring.get_password(_KEYRING_SERVICE, name) or ""
    except keyring.errors.KeyringError:
        return ""


def _write_keyring(name: str, key: str) -> bool:
    try:
        import keyring
    except ImportError:
        return False
    try:
        keyring.set_password(_KEYRING_SERVICE, name, key)
    except keyring.errors.KeyringError:
        return False
    return True
