"""Files that go with a message: fetching them from an address, and checking that a provider takes them."""

from collections.abc import Iterable

from chatmgr.domain.model import Attachment, Provider


def check_files(provider: Provider, attachments: Iterable[Attachment]) -> None:
    """Raise UsageFault, naming the file, if the provider's API cannot take one of these.

    Call it as soon as the provider of a message is known: before anything is written or sent.
    """
    if attachments := tuple(attachments):
        from chatmgr.backends.message_format import refuse_unsupported_files

        refuse_unsupported_files(provider.api, attachments)


def download(url: str, limit: int) -> tuple[str, bytes]:
    """Fetch a file over HTTP: its name and its bytes.

    A file larger than ``limit`` bytes is not read to its end: it comes back longer than ``limit``.
    """
    from chatmgr.backends.http import download as http_download

    return http_download.fetch(url, limit)
