"""One user's chatmgr in this process: a home, a scripted server, and a new ``App`` for every command."""

from collections.abc import Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from chatmgr.domain.errors import ChatmgrError
from chatmgr.domain.events import Delta, Event, Finished, Notice, Waiting
from chatmgr.domain.model import Conversation, Turn, UserMessage
from chatmgr.services.app import App
from tests.faults.campaign.api_modes import ApiMode
from tests.support.store import query as query_database
from tests.wire import WireServer

LIMITS = {
    "timeout": 10.0,
    "recover_seconds": 0.4,
    "retry_seconds": 1.2,
    "retry_attempts": 3,
    "queued_seconds": 0.6,
    "run_seconds": 1.5,
}


class ProcessDied(BaseException):
    """The process is gone: nobody catches this, and nothing more is written."""


@dataclass(slots=True)
class TurnLog:
    """What one command showed, and how it ended."""

    notices: list[str] = field(default_factory=list)
    waits: list[Waiting] = field(default_factory=list)
    text: str = ""
    end: Finished | None = None
    error: ChatmgrError | None = None
    died: bool = False

    def take(self, event: Event) -> None:
        """Look at an event as a terminal would."""
        match event:
            case Delta():
                self.text += event.text
            case Notice():
                self.notices.append(event.text)
            case Waiting():
                self.waits.append(event)
            case Finished():
                self.end = event
            case _:
                pass


class Client:
    """Commands in a home of their own, against one server."""

    def __init__(self, folder: Path, wire: WireServer) -> None:
        self.folder, self.wire = folder, wire
        self.folder.mkdir(parents=True, exist_ok=True)
        self.configure()

    def configure(self, base_url: str = "", **limits: float) -> None:
        """Write the settings anew."""
        lines = [f"{key} = {value}" for key, value in {**LIMITS, **limits}.items()]
        for api in ("responses", "assistants", "completions"):
            lines += [
                f"[providers.{api}]",
                f'api = "{api}"',
                f'base_url = "{base_url or self.wire.base_url}"',
            ]
        (self.folder / "config.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")

    @contextmanager
    def process(self) -> Generator[App, None, None]:
        """A new process, as far as chatmgr can tell."""
        app = App()
        try:
            yield app
        finally:
            app.close()

    def begin(self, name: str, mode: ApiMode, model: str) -> None:
        """A conversation without a turn, and its assistant."""
        with self.process() as app:
            if app.reader.assistants.find(mode.name) is None:
                app.writer.assistants.create(mode.name, "Be kind.", "", mode.api, {})
            persona = app.reader.assistants.get(mode.name)
            app.writer.conversations.create(name, persona.id, model, mode.api)

    def ask(self, name: str, message: UserMessage) -> TurnLog:
        """``chatmgr send``."""
        with self.process() as app:
            return self.follow(app.turns.ask(app.reader.conversations.get(name), message))

    def settle(self, name: str) -> TurnLog:
        """What ``chatmgr resume`` and ``runs wait`` begin with."""
        with self.process() as app:
            return self.follow(app.turns.recover(app.reader.conversations.get(name)))

    @staticmethod
    def follow(events: object) -> TurnLog:
        """Watch to the end, whatever that is."""
        assert isinstance(events, Generator)
        log = TurnLog()
        try:
            with closing(events):
                for event in events:
                    log.take(event)
        except ChatmgrError as error:
            log.error = error
        except ProcessDied:
            log.died = True
        if log.error:
            log.error = log.error.with_traceback(None)
        return log

    def turns(self, name: str) -> list[Turn]:
        """The transcript, as ``chatmgr history`` reads it."""
        with self.process() as app:
            return [replace(turn) for turn in app.reader.turns.list(app.reader.conversations.get(name))]

    def conversation(self, name: str) -> Conversation:
        """The conversation as it stands."""
        with self.process() as app:
            return app.reader.conversations.get(name)

    def most_messages(self) -> int:
        """The most messages that any turn has in one role."""
        counted = "SELECT count(*) AS n FROM messages GROUP BY turn_id, role"
        return int(query_database(self.url, f"SELECT max(n) FROM ({counted}) q")[0][0])

    @property
    def url(self) -> str:
        """The database."""
        return f"sqlite:///{self.folder / 'chatmgr.db'}"
