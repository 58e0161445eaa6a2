"""The models that the shell offers after ``-m``: those of the provider that the command line is about."""

from collections.abc import Iterable, Iterator
from contextlib import suppress

import click

from chatmgr.domain.errors import ChatmgrError
from chatmgr.ui.context import app


def completions(ctx: click.Context, incomplete: str) -> Iterable[tuple[str, str]]:
    """Models that begin so, each with what is known of it and each once.

    Of the provider that is named, or of the conversation's; without either, those that this machine knows.
    """
    offered = {""}
    for model, description in _candidates(ctx):
        if model.startswith(incomplete) and model not in offered:
            offered.add(model)
            yield model, description


def _candidates(ctx: click.Context) -> Iterator[tuple[str, str]]:
    from chatmgr.services.model_lists import at_tab

    name = _provider(ctx)
    if not name:
        yield from _known()
        return
    provider = app().providers.get(name)
    yield provider.default_model, f"the default of {name}"
    for model in at_tab(provider):
        yield model, f"listed by {name}"
    with suppress(ChatmgrError):
        for assistant in app().reader.assistants.list():
            if assistant.provider == name:
                yield assistant.model, f"used by {assistant.name}"


def _provider(ctx: click.Context) -> str:
    """The provider that was typed, else that of the conversation, the assistant, or all new ones."""
    for option in ("provider", "target"):
        if name := ctx.params.get(option):
            return str(name)
    kind, typed = _first_argument(ctx)
    assistant = ctx.params.get("assistant") or (typed if kind == "assistant" else "")
    with suppress(ChatmgrError):
        if kind == "conversation" and typed:
            return app().reader.conversations.get(typed.partition("@")[0]).provider
        if assistant:
            return app().reader.assistants.get(str(assistant)).provider or ""
    return app().providers.preferred()


def _first_argument(ctx: click.Context) -> tuple[str, str]:
    """What a command's first argument names, and what was typed there.

    Click has not given it its value yet if the option that is being completed comes after it.
    """
    first = next((param for param in ctx.command.params if isinstance(param, click.Argument)), None)
    if first is None or first.nargs != 1:
        return "", ""
    typed = ctx.params.get(first.name or "") or next(iter(ctx.args), "")
    return getattr(first.type, "kind", ""), str(typed)


def _known() -> Iterator[tuple[str, str]]:
    """The providers' default models and those of the assistants."""
    for provider in app().settings.providers.values():
        yield provider.default_model, f"the default of {provider.name}"
    for assistant in app().reader.assistants.list():
        yield assistant.model, f"used by {assistant.name}"
