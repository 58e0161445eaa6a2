"""prompt_toolkit's session with chatmgr's keys, history, completion, colours and toolbar."""

from typing import Any

from prompt_toolkit import PromptSession
from prompt_toolkit.application import get_app
from prompt_toolkit.enums import EditingMode
from prompt_toolkit.filters import Condition
from prompt_toolkit.layout.processors import TabsProcessor

from chatmgr.chat.input.completer import ChatCompleter, is_command_word
from chatmgr.chat.input.keybindings import chat_bindings
from chatmgr.chat.input.masking import HostileMask
from chatmgr.chat.input.plain_lines import PROMPT
from chatmgr.chat.input.sent_messages import SentMessages
from chatmgr.chat.input.sources import InputSources
from chatmgr.chat.input.theme_styles import theme_style
from chatmgr.chat.input.toolbar import fit_facts


def prompt_session(sources: InputSources) -> "PromptSession[str]":
    """An input line with everything that it shows and offers."""

    def toolbar() -> Any:
        size = get_app().output.get_size()
        return [("class:fact", fit_facts(sources.toolbar(), size.columns - 1))]

    return PromptSession(
        [("class:accent", PROMPT)],
        multiline=True,
        prompt_continuation=lambda width, number, wrapped: " " * width,
        history=SentMessages(sources.here),
        key_bindings=chat_bindings(),
        completer=ChatCompleter(sources.commands, sources.completions, sources.slow),
        complete_while_typing=Condition(lambda: is_command_word(get_app().current_buffer.text)),
        bottom_toolbar=toolbar,
        style=theme_style("accent", "fact", **{"bottom-toolbar": "noreverse"}),
        input_processors=[HostileMask(), TabsProcessor()],
        editing_mode=EditingMode.VI if sources.vi else EditingMode.EMACS,
        enable_suspend=True,
        reserve_space_for_menu=8,
    )
