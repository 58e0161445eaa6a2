"""Fetching the files of an answer before it ends: they live behind addresses that expire.

An answer never fails for a file that cannot be had. Its item says why. An address at another host gets no
key, and is only asked if it is one of the public internet: an answer must not reach into the person's own
network.
"""

from collections.abc import Generator

from chatmgr.backends.http.client import ApiClient
from chatmgr.backends.items import payloads
from chatmgr.backends.items.collector import ItemCollector
from chatmgr.backends.items.making import Origin, Wanted
from chatmgr.backends.items.payloads import LARGEST, TOO_LARGE, Payload
from chatmgr.domain.errors import ChatmgrError
from chatmgr.domain.events import Event, Waiting
from chatmgr.domain.interrupts import interrupts

_SECONDS = 60.0  # for one file


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


def _fetch(client: ApiClient, wanted: Wanted) -> Payload:
    """The bytes of a file, or why there are none."""
    try:
        if wanted.path:
            data, declared = client.download(wanted.path, LARGEST, _SECONDS)
        else:
            from chatmgr.backends.http.download import fetch_public

            own_url = client.provider.base_url
            data, declared = interrupts.run_beside(
                lambda: fetch_public(wanted.url, own_url, LARGEST), _SECONDS
            )
    except (ChatmgrError, OSError, ValueError) as error:
        return Payload(None, missing=" ".join(str(error).split())[:300] or "cannot be fetched")
    content_type = payloads.content_type_of(data, wanted.name, declared)
    if len(data) > LARGEST:
        return Payload(None, content_type, TOO_LARGE)
    return Payload(data, content_type) if data else Payload(None, content_type, "empty")
