"""Secrets of well-known kinds, made at random in their form, and a database that has them everywhere."""

import hashlib
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import insert, update

from chatmgr.domain.model import Attachment
from chatmgr.domain.states import RunState
from chatmgr.store import tables
from chatmgr.store.writer import RunOutcome, ThreadKey
from chatmgr.store.writer.database import now
from chatmgr.store.writer.journal import note
from tests.support.store import ENDPOINT, Store

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_ALPHANUMERIC = _LETTERS + _LETTERS.lower() + "0189"
_KANA = "ひらがなのあいことばをここにかくさんけつめたき"


def _random(count: int, letters: str = _ALPHANUMERIC) -> str:
    return "".join(secrets.choice(letters) for _ in range(count))


def openai_key() -> str:
    """As projects have it."""
    return f"sk-proj-{_random(20)}_{_random(20)}T3BlbkFJ{_random(20)}-{_random(8)}"


def aws_key() -> str:
    """An access key's id."""
    return f"AKIA{_random(16, _LETTERS)}"


def github_token() -> str:
    """A personal one."""
    return f"ghp_{_random(36)}"


def private_key() -> str:
    """A block of lines."""
    body = "\n".join(_random(64) for _ in range(4))
    return f"-----BEGIN RSA PRIVATE KEY-----\n{body}\n-----END RSA PRIVATE KEY-----"


KINDS: dict[str, Callable[[], str]] = {
    "OpenAI Token": openai_key,
    "AWS Access Key": aws_key,
    "GitHub Token": github_token,
    "Private Key": private_key,
    "Basic Auth Credentials": lambda: f"x{_random(20)}",
}


def in_a_sentence(kind: str, secret: str) -> str:
    """How somebody would write it."""
    if kind == "Basic Auth Credentials":
        return f"connect to postgres://me:{secret}@db.example/x please"
    return f"this is it: {secret} and no more"


@dataclass
class Planted:
    """The secrets of each place of a database, and a plain text, which all of them have beside the secret."""

    plain: str
    secrets: list[str] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)

    def text(self) -> str:
        """A text with a new secret of the next kind in it."""
        kind = [*KINDS][len(self.secrets) % len(KINDS)]
        self.kinds.append(kind)
        self.secrets.append(secret := KINDS[kind]())
        return f"{in_a_sentence(kind, secret)} {self.plain}."


def spaceless() -> str:
    """A text in a script without spaces."""
    return _random(12, _KANA)


def plant(store: Store, name: str = "demo", plain: str = "") -> Planted:
    """Put a secret into every place that texts are kept in, in a conversation of two turns."""
    planted = Planted(plain or spaceless())
    pk = store.conversation(name).pk
    data = planted.text().encode()
    file = Attachment("a.txt", "text/plain", hashlib.sha256(data).hexdigest(), data)
    turn = store.writer.turns.open(
        pk, store.assistant(), "gpt-x", "openai", ENDPOINT, planted.text(), attachments=(file,)
    )
    store.writer.runs.checkpoint(turn, answer := planted.text())
    outcome = RunOutcome(RunState.COMPLETED, answer, planted.text(), planted.text(), reasoning=planted.text())
    store.writer.runs.close(turn, outcome)
    store.writer.conversations.set_title(pk, planted.text().replace("\n", " "))
    store.writer.threads.set_file(file.sha256, "openai", ENDPOINT, "file-1")
    store.writer.threads.set(ThreadKey(pk, "openai", ENDPOINT), "conv_1", 1)
    received = planted.text().encode()
    sha256 = hashlib.sha256(received).hexdigest()
    with store.writer.database.begin() as db:
        db.execute(insert(tables.blobs), {"sha256": sha256, "size": len(received), "data": received})
        row = {
            "turn_id": turn.turn,
            "run_id": turn.run,
            "position": 1,
            "kind": "tool_call",
            "content": {"arguments": {"deep": [planted.text()]}},
            "raw": json.dumps(
                {"arguments": json.dumps({"key": planted.text()}), "result": f"sha256:{sha256}"}
            ),
            "api": "responses",
            "model": "gpt-x",
            "sha256": sha256,
            "created_at": now(),
            "remote_id": "fc_1",
        }
        db.execute(insert(tables.items), row)
        note(db, pk, "edit", text=planted.text())
        version = {"instructions": planted.text(), "params": {"stop": [planted.text()]}}
        db.execute(update(tables.assistant_versions).values(version))
    store.answer("a second one", "without anything", name)
    return planted


def in_files(folder: Path, words: list[str]) -> list[str]:
    """What of these can be found in any file of a folder; of long words also by their last characters.

    A search index keeps words in lower case, and what neighbours begin with once.
    """
    content = b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())
    lower = content.lower()
    return [
        word for word in words if any(part.encode() in (content, lower)[low] for part, low in _parts(word))
    ]


def _parts(word: str) -> list[tuple[str, bool]]:
    pieces = [piece for line in word.split("\n") for piece in line.replace("_", "-").split("-")]
    ends = [
        piece[-10:].lower() for piece in pieces if len(piece) >= 16 and piece.isalnum() and piece.isascii()
    ]
    escaped = json.dumps(word)[1:-1]
    return [(word, False), (escaped, False), *((end, True) for end in ends)]
