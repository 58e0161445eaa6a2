"""Where keys come from and where they are kept; they never enter the database, arguments or logs.

Looked up in this order: the provider's environment variable, the system keyring (extra ``keyring``),
a file that only its owner can read.
"""

import json
import os
from pathlib import Path

from chatmgr.config.paths import config_dir, make_private_folder
from chatmgr.config.settings import write_private
from chatmgr.domain.errors import ConfigurationFault
from chatmgr.domain.model import Provider

_SERVICE = "chatmgr"
_IN_KEYRING = "@keyring"  # stands in the file for a key that is not: asking a keyring in vain is slow


def key_file() -> Path:
    """The file used where there is no keyring."""
    return config_dir() / "keys.json"


def find_key(provider: Provider) -> tuple[str, str]:
    """A provider's key and where it came from; two empty strings when there is none."""
    if provider.key_env and (key := os.environ.get(provider.key_env, "").strip()):
        return key, provider.key_env
    key = _read_file().get(provider.name, "")
    if key == _IN_KEYRING:
        return _from_keyring(provider.name), "keyring"
    return key, str(key_file()) if key else ""


def store_key(name: str, key: str) -> str:
    """Keep a key in the keyring where there is one, else in the file; returns where it went."""
    key = valid_key(key)
    kept = _to_keyring(name, key)
    keys = _read_file() | {name: _IN_KEYRING if kept else key}
    make_private_folder(key_file().parent)
    write_private(key_file(), json.dumps(keys, indent=1) + "\n")
    return "the system keyring" if kept else str(key_file())


def valid_key(key: str) -> str:
    """A key as it can be sent; raises ConfigurationFault for what can be none."""
    key = key.strip()
    if not key or not key.isascii() or not key.isprintable():
        raise ConfigurationFault("That is not a key: it is empty or holds unprintable characters.")
    return key


def _read_file() -> dict[str, str]:
    path = key_file()
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise ConfigurationFault(
            f"The key file {path} cannot be read.", "Remove it, then type: chatmgr config set-key"
        ) from error
    return {str(name): str(key) for name, key in found.items()} if isinstance(found, dict) else {}


def _from_keyring(name: str) -> str:
    try:
        import keyring
    except ImportError:
        return ""
    try:
        return keyring.get_password(_SERVICE, name) or ""
    except keyring.errors.KeyringError:
        return ""


def _to_keyring(name: str, key: str) -> bool:
    try:
        import keyring
    except ImportError:
        return False
    try:
        keyring.set_password(_SERVICE, name, key)
    except keyring.errors.KeyringError:
        return False
    return True
