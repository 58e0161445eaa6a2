"""Bytes inside JSON: base64 and data URLs, cut out and put back."""

import base64
import json

import pytest

from chatmgr.backends.items.payloads import (
    Payload,
    content_type_of,
    cut,
    decode,
    file_name,
    hash_of,
    is_restorable,
    restore,
)
from tests.support.item_server import PNG

BASE64 = base64.b64encode(PNG).decode()
SPACED = "\n".join(BASE64[at : at + 76] for at in range(0, len(BASE64), 76))


@pytest.mark.parametrize(
    ("text", "payload"),
    [
        (BASE64, Payload(PNG, "image/png")),
        (BASE64.rstrip("="), Payload(PNG, "image/png")),
        (SPACED, Payload(PNG, "image/png")),
        (base64.urlsafe_b64encode(PNG).decode(), Payload(PNG, "image/png")),
        (f"data:image/jpeg;base64,{BASE64}", Payload(PNG, "image/png")),
        (f"data:application/x-own;charset=utf-8;base64,{base64.b64encode(b'own').decode()}",
         Payload(b"own", "application/x-own")),
        ("%%%", Payload(None, "", "not readable")),
        ("", Payload(None, "", "empty")),
        ("data:image/png;base64,", Payload(None, "image/png", "empty")),
    ],
)  # fmt: skip
def test_decoding(text: str, payload: Payload) -> None:
    assert decode(text) == payload


def test_what_is_too_large_is_not_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chatmgr.backends.items.payloads.LARGEST", len(PNG) - 1)
    assert decode(BASE64).missing == "larger than 64 MB"


def test_cut_and_restored() -> None:
    raw = {
        "result": BASE64,
        "outputs": [{"url": f"data:image/png;base64,{BASE64}"}, {"url": "https://a.example/"}],
        "arguments": f"data:image/png;base64,{BASE64}",
        "text": f"the hash {hash_of(PNG)}",
    }
    kept, found = cut(raw, {"result"})
    assert kept == {
        "result": hash_of(PNG),
        "outputs": [{"url": f"data:image/png;base64,{hash_of(PNG)}"}, {"url": "https://a.example/"}],
        "arguments": raw["arguments"],
        "text": raw["text"],
    }
    assert found == [Payload(PNG, "image/png")] * 2
    files = {hash_of(PNG): PNG}
    assert restore({**kept, "text": ""}, files) == {**raw, "text": ""}
    assert is_restorable(json.dumps(kept), files)
    assert not is_restorable(json.dumps(kept), {})


def test_what_could_not_be_decoded_is_not_restorable() -> None:
    kept, [payload] = cut({"result": "%%%"}, {"result"})
    assert (payload.data, is_restorable(json.dumps(kept), {})) == (None, False)


@pytest.mark.parametrize(
    ("name", "content_type", "shown"),
    [
        ("chart.png", "image/png", "chart.png"),
        ("/mnt/data/chart.png", "image/png", "chart.png"),
        ("..\\..\\chart.png", "image/png", "chart.png"),
        ("..", "image/png", "image.png"),
        ("", "image/svg+xml", "image.svg"),
        (None, "application/x-own", "image"),
        ("a\x1b[2Jb\u202e.png", "image/png", "a␛[2Jb<202E>.png"),
        ("x" * 500 + ".png", "image/png", "x" * 100 + ".png"),
    ],
)
def test_names(name: object, content_type: str, shown: str) -> None:
    assert file_name(name, content_type, "image") == shown


@pytest.mark.parametrize(
    ("data", "name", "declared", "content_type"),
    [
        (PNG, "a.txt", "text/plain", "image/png"),
        (b"a,b", "a.csv", "application/octet-stream", "text/csv"),
        (b"a,b", "", "text/csv; charset=utf-8", "text/csv"),
        (b"<svg xmlns='x'/>", "", "", "image/svg+xml"),
        (b"?", "", "", "application/octet-stream"),
    ],
)
def test_content_types(data: bytes, name: str, declared: str, content_type: str) -> None:
    assert content_type_of(data, name, declared) == content_type
