"""JSON of any form and length is read value by value, and what is broken costs only itself."""

import io
import json
import tracemalloc
from typing import Any

import pytest

from chatmgr.importers.reading.json_stream import BadJson, JsonValue, json_values
from chatmgr.importers.reading.text_buffer import CHUNK


def read(text: str | bytes, **options: Any) -> list[JsonValue | BadJson]:
    data = text if isinstance(text, bytes) else text.encode()
    return list(json_values(io.BytesIO(data), **options))


def values(text: str | bytes) -> list[Any]:
    return [value.value if isinstance(value, JsonValue) else "BAD" for value in read(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[{"a": 1}, {"a": 2}]', [{"a": 1}, {"a": 2}]),
        ('{"a": 1}', [{"a": 1}]),
        ('{"a": 1}\r\n{"a": 2}\r\n\r\n', [{"a": 1}, {"a": 2}]),
        ('{"conversations": [{"a": 1}], "more": 2}', [{"a": 1}]),
        ('{"version": 3, "of": {"x": []}, "chats": [{"a": 1}, {}]}', [{"a": 1}, {}]),
        (
            '{"conversations": [{"from": "human", "value": "x"}]}',
            [{"conversations": [{"from": "human", "value": "x"}]}],
        ),
        ("[]", []),
        ("", []),
        ("  \n", []),
        ('[1, "x", null, [2]]', [1, "x", None, [2]]),
        ('{"a": "line\nbreak\tand tab"}', [{"a": "line\nbreak\tand tab"}]),
        ('{"a": NaN}'.replace("NaN", "1e400"), [{"a": float("inf")}]),
    ],
)
def test_forms(text: str, expected: list[Any]) -> None:
    assert values(text) == expected


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_encodings(encoding: str) -> None:
    assert values('[{"a": "ä€😀"}]'.encode(encoding)) == [{"a": "ä€😀"}]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r'{"a": "x\ud83d"}', {"a": "x\ufffd"}),
        (r'{"a": "\ude00x"}', {"a": "\ufffdx"}),
        (r'{"a": "\ud83d\ude00"}', {"a": "😀"}),
        (r'{"a\u0000": ["\u0000b", {"c": "\u0000"}]}', {"a": ["b", {"c": ""}]}),
        (r'{"a": "\\ud83d"}', {"a": r"\ud83d"}),
        ('{"a": "x\x00y"}', {"a": "xy"}),
    ],
)
def test_text_that_no_database_takes(text: str, expected: Any) -> None:
    assert values(text) == [expected]


def test_bytes_that_are_no_text() -> None:
    assert values(b'{"a": "x\xff\xed\xa0\x80"}')[0]["a"].startswith("x\ufffd")


@pytest.mark.parametrize(
    ("text", "expected", "byte"),
    [
        ('[{"a": 1}, {"b": }, {"c": 3}]', [{"a": 1}, "BAD", {"c": 3}], 11),
        ('["é", {"b": }, {"c": "]}"}]', ["é", "BAD", {"c": "]}"}], 7),
        ('[{"a": "}]\\"" oops}, {"c": 3}]', ["BAD", {"c": 3}], 1),
        ('{"a": 1}\n{"b": 2\n{"c": 3}\n', [{"a": 1}, "BAD", {"c": 3}], 9),
        ('{"a": 1}\nnoise\n{"c": 3}\n', [{"a": 1}, "BAD", {"c": 3}], 9),
        ('{"n": %s}\n{"c": 3}' % ("9" * 5000), ["BAD", {"c": 3}], 0),
        ("[%s, {}]" % ('{"a":' * 100_000 + "1" + "}" * 100_000), ["BAD", {}], 1),
    ],
)  # fmt: skip
def test_a_mistake_costs_one_value(text: str, expected: list[Any], byte: int) -> None:
    assert values(text) == expected
    (bad,) = [value for value in read(text) if isinstance(value, BadJson)]
    assert (bad.index, bad.byte, bad.last) == (expected.index("BAD") + 1, byte, False)


def test_cut_at_every_byte() -> None:
    text = json.dumps(
        [{"a": "é😀\\"}, {"b": [1.5, True, None]}, {"c": {"d": "]"}}], ensure_ascii=False
    ).encode()
    whole = values(text)
    for end in range(len(text)):
        results = values(text[:end])
        assert results.count("BAD") <= 1
        good = [value for value in results if value != "BAD"]
        assert good == whole[: len(good)]
        assert len(good) == sum(text[:end].count(mark) for mark in (b'\\"}', b"]}", b'"}}'))
        assert not end or "BAD" in results


def test_values_longer_than_what_is_read_at_once() -> None:
    long = [{"t": "x" * length, "n": length} for length in (CHUNK - 30, 10, 3 * CHUNK, 5)]
    assert values(json.dumps(long)) == long


def test_digests_are_those_of_the_text() -> None:
    first, second, third = (
        value for value in read('[{"a":1},{"a":1},{"a": 1}]') if isinstance(value, JsonValue)
    )
    assert first.digest == second.digest != third.digest


@pytest.mark.parametrize("wrapped", [True, False])
def test_a_value_without_an_end_is_left_behind_in_bounded_memory(wrapped: bool) -> None:
    class Endless(io.RawIOBase):
        """64 MB of one text, made as it is read."""

        left = 64

        def read(self, size: int = -1) -> bytes:
            self.left -= 1
            if self.left == 63:
                return b'[{"a": "' if wrapped else b'{"a": "'
            return (
                b"x" * CHUNK if self.left > 0 else (b'"}, {"b": 2}]' if wrapped and self.left == 0 else b"")
            )

    tracemalloc.start()
    results = list(json_values(Endless(), longest=4 * CHUNK))  # type: ignore[arg-type]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert isinstance(results[0], BadJson)
    assert results[0].reason == "it is too large to be read"
    assert [value.value for value in results if isinstance(value, JsonValue)] == (
        [{"b": 2}] if wrapped else []
    )
    assert peak < 40 * CHUNK


def test_what_stands_before_is_skipped() -> None:
    html = "<script>\nvar jsonData = " + '[{"a": 1}];\nvar x = [2]</script>'
    assert [value.value for value in read(html, after="var jsonData = ") if isinstance(value, JsonValue)] == [
        {"a": 1}
    ]
    assert read(html, after="var other = ") == []
