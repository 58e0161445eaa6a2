"""Fetching the files of an answer, before it ends or once more later: their addresses expire.

An answer never fails for a file that cannot be had. Its item says why. An address at another host gets no
key, and is only asked if it is one of the public internet: an answer must not reach into the person's own
network.
"""

from collections.abc import Generator, Iterable
from contextlib import suppress

from chatmgr.backends.http.client import ApiClient
from chatmgr.backends.items import payloads
from chatmgr.backends.items.collector import ItemCollector
from chatmgr.backends.items.making import Origin, Wanted, annotated_text, stored_file
from chatmgr.backends.items.payloads import LARGEST, Payload
from chatmgr.backends.json_values import as_object, as_text
from chatmgr.backends.redacted import clean_item, redactor_of
from chatmgr.domain.errors import ChatmgrError, NetworkDown, ProviderRefused
from chatmgr.domain.events import Event, Waiting
from chatmgr.domain.interrupts import interrupts
from chatmgr.domain.items import Item
from chatmgr.domain.model import Provider
from chatmgr.domain.stored_items import GONE, TOO_LARGE

_SECONDS = 60.0  # for one file
_GONE = frozenset({404, 410})
_FAILURES = (ChatmgrError, OSError, ValueError)


def fetch_wanted(client: ApiClient, collector: ItemCollector, origin: Origin) -> Generator[Event, None, None]:
    """Fetch what the items of a run name; yields an item for each file, with its bytes or why there are none.

    Ctrl-C ends the fetching alone: the answer is complete.
    """
    stopped = False
    while collector.wanted:
        wanted = collector.wanted.pop(0)
        payload = Payload(None, missing="stopped")
        if not stopped:
            yield Waiting(0, f"fetching {payloads.file_name(wanted.name, '', wanted.kind.value)}", brief=True)
            try:
                payload = _fetch(client, wanted)
            except KeyboardInterrupt:
                stopped = True
        file = origin.file(wanted.kind, payload, name=wanted.name, item_id=wanted.id, url=wanted.url)
        yield from collector.add([file])


def fetch_again(provider: Provider, file: Item, items: Iterable[Item]) -> Item:
    """A file that could not be had, with its bytes now, or with the reason of this attempt.

    ``items`` are those of its turn: the text that cites the file names the container that holds it. Raises
    NetworkDown where the provider cannot be reached.
    """
    wanted = _wanted_again(file, items)
    try:
        payload = _download(ApiClient(provider), wanted)
    except _FAILURES as error:
        if isinstance(error, NetworkDown) and wanted.path:
            raise
        payload = _missing(error)
    origin = Origin(file.api, file.model)
    item = origin.file(wanted.kind, payload, name=wanted.name, item_id=wanted.id, url=wanted.url)
    return clean_item(item, redactor_of(provider).answer)


def _wanted_again(file: Item, items: Iterable[Item]) -> Wanted:
    name, url = as_text(file.content.get("name")), as_text(file.content.get("url"))
    name = "" if name == file.kind.value else name  # made up, when its type was not known
    if url:
        return Wanted(file.kind, name, file.id, url=url)
    cited = (wanted for item in items for wanted in _cited(item) if wanted.id == file.id)
    path = next(cited, stored_file(file.kind, file.id)[0]).path
    return Wanted(file.kind, name, file.id, path)


def _cited(item: Item) -> list[Wanted]:
    """The files that an item names in the JSON of its API."""
    import json

    with suppress(ValueError):
        return annotated_text(as_object(json.loads(item.raw or "{}")).get("content"))[2]
    return []


def _fetch(client: ApiClient, wanted: Wanted) -> Payload:
    """The bytes of a file, or why there are none."""
    try:
        return _download(client, wanted)
    except _FAILURES as error:
        return _missing(error)


def _missing(error: Exception) -> Payload:
    if isinstance(error, ProviderRefused) and error.status in _GONE:
        return Payload(None, missing=f"{GONE} ({error.status})")
    return Payload(None, missing=" ".join(str(error).split())[:300] or "cannot be fetched")


def _download(client: ApiClient, wanted: Wanted) -> Payload:
    if wanted.path:
        data, declared = client.download(wanted.path, LARGEST, _SECONDS)
    else:
        from chatmgr.backends.http.download import fetch_public

        own_url = client.provider.base_url
        data, declared = interrupts.run_beside(lambda: fetch_public(wanted.url, own_url, LARGEST), _SECONDS)
    content_type = payloads.content_type_of(data, wanted.name, declared)
    if len(data) > LARGEST:
        return Payload(None, content_type, TOO_LARGE)
    return Payload(data, content_type) if data else Payload(None, content_type, "empty")
