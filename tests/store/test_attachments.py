"""Files in the database, on SQLite and on PostgreSQL: once, whole, and in the order they were named."""

import hashlib
import threading
from collections.abc import Iterator

import pytest

from chatmgr.domain.model import Attachment
from chatmgr.domain.remote import RemoteFile
from chatmgr.domain.states import RunState
from chatmgr.store.reader import Reader
from chatmgr.store.writer import OpenRun, RunOutcome, Writer

EVERY_BYTE = bytes(range(256)) * 5000  # 1.2 MB, and no text


class Store:
    """A conversation in a database."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.writer = Writer(url)
        self.writer.assistants.create("a", "x", "", "", {})
        self.reader = Reader(url)
        self.assistant = self.reader.assistants.get("a")
        self.writer.conversations.create("demo", self.assistant.id, "", "p")
        self.pk = self.reader.conversations.get("demo").pk

    def say(
        self, text: str, *files: Attachment, answer: str = "yes", writer: Writer | None = None
    ) -> OpenRun:
        """Add a turn."""
        run = (writer or self.writer).turns.open(
            self.pk, self.assistant, "m", "p", "http://e", text, attachments=files
        )
        (writer or self.writer).runs.close(run, RunOutcome(RunState.COMPLETED, answer))
        return run


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    made = Store(url)
    yield made
    made.reader.close()
    made.writer.close()


def file(name: str, data: bytes, kind: str = "image/png") -> Attachment:
    """A file as it comes from the command line."""
    return Attachment(name, kind, hashlib.sha256(data).hexdigest(), data)


def test_bytes_come_back_as_they_were(store: Store) -> None:
    files = [file(f"{number}.bin", EVERY_BYTE[number:]) for number in range(3)]
    store.say("one", *files)
    store.say("two")
    with store.reader as reader:
        history = reader.turns.context(store.pk, 3)
    assert history[0].attachments == tuple(files)
    assert all(not item.attachments for item in history[1:])


def test_the_same_bytes_are_kept_once(store: Store) -> None:
    store.say("one", file("a.png", b"same"), file("b.png", b"same"))
    store.say("two", file("c.png", b"same", "image/x"))
    with store.reader as reader:
        turns = list(reader.turns.list(reader.conversations.get("demo")))
        attached = [[attachment[0] for attachment in reader.turns.attachments(turn)] for turn in turns]
        sizes = {attachment[3] for turn in turns for attachment in reader.turns.attachments(turn)}
    assert attached == [["a.png", "b.png"], ["c.png"]]
    assert sizes == {4}
    with store.writer.database.begin() as db:
        assert db.exec_driver_sql("SELECT count(*) FROM blobs").scalar() == 1


def test_history_is_read_while_files_are_looked_up(store: Store) -> None:
    for number in range(5):
        store.say(str(number), *([file("x.png", b"x")] if number % 2 else []))
    with store.reader as reader:
        conversation = reader.conversations.get("demo")
        seen = [(turn.files, len(reader.turns.attachments(turn))) for turn in reader.turns.list(conversation)]
    assert seen == [(False, 0), (True, 1)] * 2 + [(False, 0)]


def test_an_endpoint_knows_a_file_by_one_name(store: Store) -> None:
    attachment = file("a.png", b"same")
    store.say("one", attachment)
    for remote in ("file-1", "file-2"):
        store.writer.threads.set_file(attachment.sha256, "p", "http://e", remote)
    store.writer.threads.set_file(attachment.sha256, "p", "http://elsewhere", "file-3")
    with store.reader as reader:
        known = reader.threads.remote_files(store.pk, "p", "http://e")
    assert known == {attachment.sha256: RemoteFile("file-2", "image/png")}


def test_two_processes_keep_the_same_file_at_once(store: Store) -> None:
    """Neither is told that the other's conversation is busy: they only have the same file."""
    store.writer.conversations.create("other", store.assistant.id, "", "p")
    with store.reader as reader:
        other = reader.conversations.get("other").pk
    same = file("big.png", EVERY_BYTE)
    begun = threading.Barrier(2)
    failed: list[BaseException] = []

    def say(conversation: int) -> None:
        writer = Writer(store.url)
        try:
            for number in range(5):
                begun.wait()
                data = file("n.png", EVERY_BYTE + bytes([number]))
                run = writer.turns.open(
                    conversation, store.assistant, "m", "p", "http://e", "x", attachments=(same, data)
                )
                writer.runs.close(run, RunOutcome(RunState.COMPLETED, "yes"))
        except BaseException as error:
            failed.append(error)
            begun.abort()
        finally:
            writer.close()

    threads = [threading.Thread(target=say, args=(item,)) for item in (store.pk, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    with store.writer.database.begin() as db:
        assert db.exec_driver_sql("SELECT count(*) FROM blobs").scalar() == 6
        assert db.exec_driver_sql("SELECT count(*) FROM attachments").scalar() == 20
