"""Folders and archives of strangers: every file in them, nothing that leads out, never too much."""

import gzip
import io
import json
import os
import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chatmgr.importers.reading.limits import LIMITS, Limits
from chatmgr.importers.reading.members import Container, containers
from chatmgr.importers.registry import entries
from chatmgr.importers.source import Entry, LeftOut, Unreadable
from tests.importers.chatgpt.export import archive, chain, conversation, read

SMALL = Limits(member=20_000, total=50_000, ratio=20, small=5_000, beside=1_000, names=50)


def content(number: int = 0) -> bytes:
    return json.dumps([conversation(chain(("user", "Hello"), ("assistant", "Hi.")), f"c-{number}")]).encode()


def opened(path: Path, limits: Limits = LIMITS) -> Container:
    return next(containers([str(path)], limits))


def names(container: Container) -> list[str]:
    return [file.name for file in container.files]


def all_bytes(container: Container) -> list[bytes]:
    """The bytes of the files, while the archive is open."""
    texts = []
    for file in container.files:
        with file.open() as stream:
            texts.append(stream.read())
    return texts


def ids(path: Path) -> list[str]:
    return [entry.id for entry in read(path)[0]]


def test_a_folder(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "node_modules" / "x").mkdir(parents=True)
    (tmp_path / "node_modules" / "x" / "y.json").write_bytes(content())
    (tmp_path / "a" / "b" / "one.json").write_bytes(content(1))
    (tmp_path / "two.json").write_bytes(content(2))
    os.link(tmp_path / "two.json", tmp_path / "twice.json")
    (tmp_path / "link.json").symlink_to(tmp_path / "two.json")
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "a" / "outside").symlink_to("/etc")
    os.mkfifo(tmp_path / "pipe")
    archive(tmp_path / "three.zip", {"conversations.json": content(3)})
    assert names(opened(tmp_path)) == ["conversations.json", "twice.json", "a/b/one.json"]
    assert sorted(ids(tmp_path)) == ["c-1", "c-2", "c-3"]


def test_each_file_is_met_once_whatever_is_given(tmp_path: Path) -> None:
    path = tmp_path / "one.json"
    path.write_bytes(content())
    link = tmp_path / "link"
    link.symlink_to(path)
    found = list(entries([str(path), str(link), str(tmp_path)]))
    assert [entry.id for entry in found if isinstance(entry, Entry)] == ["c-0"]


@pytest.mark.parametrize(
    "name", ["../out.json", "a/../../out.json", "/etc/out.json", "C:/out.json", "a\\..\\..\\out.json", "~/x"]
)
def test_names_that_lead_out(tmp_path: Path, name: str) -> None:
    path = archive(tmp_path / "x.zip", {name: content(1), "in.json": content(2)})
    found, left_out = read(path)
    assert [entry.id for entry in found] == ["c-2"]
    assert [(left.reason, left.fault) for left in left_out] == [("its name leads out of the archive", True)]
    assert [path.name for path in tmp_path.iterdir()] == ["x.zip"]


def changed(path: Path, change: Callable[[zipfile.ZipInfo], None]) -> Path:
    """An archive whose one odd member has its entry changed."""
    info = zipfile.ZipInfo("odd.json")
    change(info)
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("good.json", content(1))
        made.writestr(info, content(2))
    return path


def test_links_in_archives(tmp_path: Path) -> None:
    def make_link(info: zipfile.ZipInfo) -> None:
        info.external_attr = (stat.S_IFLNK | 0o777) << 16

    found, left_out = read(changed(tmp_path / "x.zip", make_link))
    assert ([entry.id for entry in found], [left.reason for left in left_out]) == (["c-1"], ["it is a link"])


def test_encrypted_members(tmp_path: Path) -> None:
    path = changed(tmp_path / "x.zip", lambda info: None)
    data = bytearray(path.read_bytes())
    for magic, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.rindex(magic) + offset] |= 1
    path.write_bytes(data)
    found, left_out = read(path)
    assert [entry.id for entry in found] == ["c-1"]
    assert left_out[0].reason.startswith("it is encrypted")


def test_members_of_one_name_are_both_read(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("a.json", content(1))
        with pytest.warns(UserWarning, match="Duplicate name"):
            made.writestr("a.json", content(2))
    assert ids(path) == ["c-1", "c-2"]


def test_archives_in_archives(tmp_path: Path) -> None:
    def packed(data: bytes, name: str) -> bytes:
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as made:
            made.writestr(name, data)
        return stream.getvalue()

    one = packed(content(1), "conversations.json")
    path = archive(
        tmp_path / "x.zip", {"one.zip": one, "deep.zip": packed(one, "one.zip"), "two.json": content(2)}
    )
    found, left_out = read(path)
    assert [(entry.id, entry.place.member) for entry in found] == [
        ("c-1", "one.zip/conversations.json"),
        ("c-2", "two.json"),
    ]
    assert [left.place.member for left in left_out] == ["deep.zip/one.zip"]


@pytest.mark.parametrize(
    ("members", "limits"),
    [
        ({"bomb.json": b"[" + b" " * 8_000}, SMALL),  # a ratio that no text has
        ({"long.json": os.urandom(15_000).hex().encode()}, SMALL),  # longer than a member may be
        ({f"{number}.json": os.urandom(7_000).hex().encode() for number in range(8)}, SMALL),  # all together
    ],
)
def test_bombs(tmp_path: Path, members: dict[str, bytes], limits: Limits) -> None:
    for container in containers([str(archive(tmp_path / "x.zip", members))], limits):
        with pytest.raises(Unreadable, match="unpacks to more"):
            all_bytes(container)


def test_too_many_members(tmp_path: Path) -> None:
    path = archive(tmp_path / "x.zip", {f"{number}.json": b"[]" for number in range(51)})
    assert "more than 50 files" in opened(path, SMALL).refused[0].reason


def test_claims_are_not_believed(tmp_path: Path) -> None:
    """A header that claims 10 GB, and one that claims 5 bytes: what counts is what is there."""
    path = archive(tmp_path / "x.zip", {"conversations.json": content()})
    data = path.read_bytes()
    size = data.rindex(b"PK\x01\x02") + 24
    for claim in (0xFFFFFFF0, 5):
        path.write_bytes(data[:size] + struct.pack("<I", claim) + data[size + 4 :])
        found, left_out = read(path)
        assert found or any(left.fault for left in left_out)


def test_an_export_cut_at_every_byte(tmp_path: Path) -> None:
    """Never an exception, and always what is whole."""
    members = {"a.json": content(1), "b/photo.png": b"\x89PNG" + os.urandom(50), "b/c.json": content(2)}
    data = archive(tmp_path / "whole.zip", members).read_bytes()
    ends = [data.index(name.encode()) for name in ("b/photo.png", "b/c.json")]
    path = tmp_path / "cut.zip"
    counts = []
    for end in range(4, len(data)):
        path.write_bytes(data[:end])
        found, left_out = read(path)
        for entry in found:
            assert entry.read().messages
        assert any(left.fault for left in left_out)
        counts.append(len(found))
        assert len(found) >= (end > ends[0] + 20)
    assert counts == sorted(counts)
    assert counts[-1] == 2


def test_a_damaged_archive_at_every_byte(tmp_path: Path) -> None:
    data = archive(tmp_path / "whole.zip", {"a.json": content(1), "b.json": content(2)}).read_bytes()
    path = tmp_path / "odd.zip"
    for place in range(0, len(data), 3):
        path.write_bytes(data[:place] + bytes([data[place] ^ 0x55]) + data[place + 1 :])
        for result in entries([str(path)]):
            assert isinstance(result, Entry | LeftOut)


def test_compressed_logs(tmp_path: Path) -> None:
    path = tmp_path / "log.json.gz"
    path.write_bytes(gzip.compress(content()))
    assert ids(path) == ["c-0"]
    path.write_bytes(gzip.compress(content())[:-12])
    assert any("damaged" in left.reason or "cut short" in left.reason for left in read(path)[1])
    path.write_bytes(b"\x28\xb5\x2f\xfd" + b"x" * 20)
    assert [left.fault for left in read(path)[1]] == [True]


def test_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for data in (content(), archive(tmp_path / "x.zip", {"a.json": content()}).read_bytes()):
        inside, outside = os.pipe()
        saved = os.dup(0)
        os.dup2(inside, 0)
        os.close(inside)
        with os.fdopen(outside, "wb") as stream:
            stream.write(data)
        try:
            found = list(entries(["-"]))
        finally:
            os.dup2(saved, 0)
            os.close(saved)
        assert [entry.id for entry in found if isinstance(entry, Entry)] == ["c-0"]
        assert str(found[0].place.file) == "standard input"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "no conversation"),
        (b"hello", "nothing that chatmgr knows"),
        (b"\0" * 100, "no conversation"),
        (b"PK\x03\x04", "cut short"),
    ],
)
def test_what_is_nothing(tmp_path: Path, data: bytes, words: str) -> None:
    path = tmp_path / "given"
    path.write_bytes(data)
    found, left_out = read(path)
    assert found == []
    assert any(words in left.reason for left in left_out), left_out
    assert any(left.fault for left in left_out)


def test_what_cannot_be_read_at_all(tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere", Path("/dev/null")):
        found, (left,) = read(path)
        assert found == []
        assert left.fault


def test_files_beside(tmp_path: Path) -> None:
    members: dict[str, Any] = {
        "x/file-A-cat.png": b"1",
        "file-AB.png": b"2",
        "y/file-A.dat": b"3",
        "d.json": [1],
    }
    container = opened(archive(tmp_path / "x.zip", members))
    assert [
        file.name for stem in ("file-A", "FILE-AB", "d.json") if (file := container.starting_with(stem))
    ] == [
        "x/file-A-cat.png",
        "file-AB.png",
        "d.json",
    ]
    assert container.starting_with("file-B") is None
    assert container.named("file-A") is None
