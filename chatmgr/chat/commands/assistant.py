"""Who answers: the conversation's assistant, and what it is told to be."""

from chatmgr.chat.commands.group import Group
from chatmgr.chat.slash import Command
from chatmgr.domain.errors import UsageFault
from chatmgr.domain.model import Assistant
from chatmgr.domain.text import valid_text
from chatmgr.terminal.console import can_edit_lines, console
from chatmgr.terminal.sanitize import clean, one_line
from chatmgr.ui.context import app, instructions_from

_HEADING = "Who answers"
_LINES, _WIDE = 5, 100  # of the instructions, shown with their assistant


class Personas(Group):
    """The assistant and its instructions, from the next turn on."""

    def commands(self) -> tuple[Command, ...]:
        """The entries of the table."""
        return (
            Command(
                "/assistant",
                "[NAME]",
                "go on with this assistant; alone: say which",
                _HEADING,
                self._assistant,
                "assistant",
            ),
            Command(
                "/system",
                "[TEXT|@FILE|-e]",
                "other instructions, for this conversation only; -e: in the editor; alone: show them",
                _HEADING,
                self._system,
            ),
        )

    def _assistant(self, name: str) -> None:
        here = self._here
        old = app().reader.assistant_of(here.pk)
        if not name:
            self._show(old)
            return
        new = app().reader.assistant(name)
        if new.id == old.id:
            console.note(f"“{here.name}” is with {new.name} already.")
            return
        brings_model = bool(new.model) and new.provider in {"", here.provider}
        app().writer.use_assistant(here.pk, new.id, own_model=not brings_model)
        self._talk.changed()
        model = app().turns.model_of(self._talk.conversation)
        with_model = f", {model}" if model else ""
        console.note(
            f"“{here.name}” goes on with {new.name}, version {new.version}, at {here.provider}{with_model}."
        )
        if new.provider not in {"", here.provider}:
            console.note(f"{new.name} was made for {new.provider}. To go on there: /provider {new.provider}")

    def _show(self, one: Assistant) -> None:
        model = app().turns.model_of(self._talk.conversation) or "the provider's default model"
        console.note(f"{one.name}, version {one.version}, {model}")
        lines = one.instructions.strip().splitlines()
        for line in lines[:_LINES]:
            console.out(f"  {one_line(line, _WIDE)}".rstrip())
        if len(lines) > _LINES:
            console.note(f"  … {len(lines) - _LINES:,} lines more: /system")
        if not lines:
            console.note("  (no instructions)")

    def _system(self, typed: str) -> None:
        here = self._here
        with app().reader as reader:
            old = reader.assistant_of(here.pk)
        if not typed:
            if old.instructions:
                console.out(clean(old.instructions))
            else:
                console.note("No instructions. Give some: /system TEXT")
            return
        told = valid_text(
            _in_editor(old) if typed == "-e" else instructions_from(typed), what="instruction set"
        )
        if told == old.instructions:
            console.note("Nothing changed.")
            return
        copied = app().writer.instruct(here.pk, here.name, old, told)
        self._talk.changed()
        new = app().reader.assistant_of(here.pk)
        if copied:
            console.note(
                f"Told from the next turn on, as “{new.name}”, a copy of {old.name}, which stays as it was."
            )
        else:
            console.note(f"Told from the next turn on, as version {new.version} of {new.name}.")


def _in_editor(old: Assistant) -> str:
    from chatmgr.chat.input.external_editor import edit_text

    if not can_edit_lines():
        raise UsageFault("There is no terminal to edit at.", "Type: /system TEXT, or /system @FILE")
    return edit_text(old.instructions)
