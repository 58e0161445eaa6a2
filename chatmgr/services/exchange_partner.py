"""The database that ``push`` and ``pull`` exchange with: its address, which is remembered, and its password.

The address is the setting ``remote``, without a password. That is kept like a key: in the variable
``CHATMGR_REMOTE_PASSWORD``, the system keyring, or a file that only its owner can read. What libpq knows by
itself (``~/.pgpass``, ``PGPASSWORD``, certificates) works as well.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlsplit, urlunsplit

from chatmgr.config import keys, settings_changes
from chatmgr.domain.errors import UsageFault
from chatmgr.domain.fast_dataclass import dataclass
from chatmgr.domain.model import Provider
from chatmgr.services.app import App
from chatmgr.services.exchange import Exchange
from chatmgr.store.location import sqlite_path

PASSWORD_ENV = "CHATMGR_REMOTE_PASSWORD"  # noqa: S105 - the name of a variable
_KEEPER = Provider("@remote", "", key_env=PASSWORD_ENV)  # no provider can be called this
_SQLITE = "sqlite:///"


@dataclass(frozen=True, slots=True)
class Partner:
    """``address`` is what may be shown and kept, ``password`` what was given with it just now."""

    address: str
    password: str = ""

    def url(self) -> str:
        """The address with the password, if one is known."""
        parts = urlsplit(self.address)
        password = self.password or ("" if sqlite_path(self.address) else keys.find_key(_KEEPER)[0])
        if not password or not parts.hostname:
            return self.address
        user, _, host = parts.netloc.rpartition("@")
        return urlunsplit(parts._replace(netloc=f"{user}:{quote(password, safe='')}@{host}"))


def partner(app: App, given: str) -> Partner:
    """The database of the address that was given, or the one that was given last."""
    address = given or str(app.settings.get("remote"))
    if not address:
        raise UsageFault(
            "There is no other database to exchange with yet.",
            "Name it once: chatmgr push postgresql://HOST/DATABASE",
        )
    found = _plain(address)
    if found.address == _plain(app.url).address:
        raise UsageFault("That is the database that is used here.", "Name another one.")
    return found


def _plain(address: str) -> Partner:
    """An address in one form, and the password in it."""
    if address.startswith(_SQLITE):
        path = Path(address.removeprefix(_SQLITE)).expanduser().absolute()
        return Partner(f"{_SQLITE}{path}")
    return _server(address)


def _server(address: str) -> Partner:
    try:
        parts = urlsplit(address)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme.partition("+")[0] not in {"postgresql", "postgres"}:
        raise UsageFault(
            "That is not the address of a database.", "Use postgresql://USER@HOST/DATABASE or sqlite:///FILE."
        )
    if any(name in {"password", "sslpassword"} for name, _ in parse_qsl(parts.query)):
        raise UsageFault("A password may not stand in the query of an address.", f"Set {PASSWORD_ENV}.")
    user, at, host = parts.netloc.rpartition("@")
    name, _, password = user.partition(":")
    plain = urlunsplit(parts._replace(scheme="postgresql", netloc=f"{name}{at}{host}"))
    if not parts.netloc and not plain.startswith("postgresql://"):
        plain = plain.replace("postgresql:", "postgresql://", 1)
    return Partner(plain, unquote(password))


@contextmanager
def exchanging(app: App, with_: Partner) -> Iterator[Exchange]:
    """The exchange with a database, which is open for the length of the block, and remembered after it."""
    from chatmgr.store.reader import Reader
    from chatmgr.store.writer import Writer

    writer = Writer(with_.url(), app.announce)
    reader = Reader(with_.url())
    try:
        yield Exchange((app.reader, app.writer), (reader, writer), with_.address)
    finally:
        app.reader.close()
        reader.close()
        writer.close()


def remember(app: App, with_: Partner) -> str:
    """Keep an address and its password for the next time; returns where the password is kept, if one is."""
    if str(app.settings.get("remote")) != with_.address:
        settings_changes.set_value("remote", with_.address)
    return keys.store_key(_KEEPER.name, with_.password) if with_.password else ""
