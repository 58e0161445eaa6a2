"""The ``chatmgr`` command: finds the verb and runs it. Only here is an error turned into an exit code."""

import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any, NoReturn

import click

from chatmgr import __version__
from chatmgr.domain.errors import ChatmgrError
from chatmgr.domain.interrupts import interrupts
from chatmgr.domain.text import as_sentence

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

# Help section → verb → (module, its one line of help). Known without importing any verb. A new verb is one
# line here, in the section where a reader would look for it.
GROUPS: dict[str, dict[str, tuple[str, str]]] = {
    "Talk": {
        "new": ("new", "Create a named conversation, then chat."),
        "ask": ("ask", "Ask a question, in a new conversation or the last one."),
        "resume": ("resume", "Continue a conversation."),
        "send": ("send", "Run one turn and print the answer."),
        "runs": ("runs", "List open runs; wait for them, answer or cancel them."),
    },
    "Change course": {
        "edit": ("edit", "Say a turn differently, and go on from there."),
        "retry": ("retry", "Have a turn answered again, or choose another of its answers."),
        "continue": ("continue_answer", "Go on with an answer that was cut off."),
        "undo": ("undo", "Take back the last turns."),
        "redo": ("undo", "Bring back turns that were undone."),
        "fork": ("fork", "Let a new conversation go on from a turn."),
        "switch": ("switch", "Go to another path of a conversation."),
    },
    "Read and search": {
        "history": ("history", "List conversations, search them, or show the turns of one."),
        "stats": ("stats", "Count turns, tokens and cost, with plots."),
    },
    "Bring and take": {
        "import": ("import_conversations", "Bring in conversations from other programs."),
        "push": ("push", "Send what is new here to another database."),
        "pull": ("pull", "Take what is new in another database."),
        "export": ("export", "Export conversations: Markdown, JSON, HTML, text."),
    },
    "Keep order": {
        "rename": ("rename", "Rename conversations, or set a title."),
        "tag": ("tag", "Add tags to conversations, and remove them."),
        "archive": ("archive", "Hide conversations from lists."),
        "unarchive": ("archive", "Bring archived conversations back into lists."),
        "delete": ("delete", "Move conversations to the trash."),
        "restore": ("restore", "Restore conversations from the trash."),
        "scrub": ("scrub", "Find keys and passwords, or a text, and remove them everywhere."),
        "trash": ("trash", "List the trash, or delete its contents for good."),
    },
    "Assistants and providers": {
        "assistant": ("assistant", "Create, list, show, edit and delete assistants."),
        "provider": ("provider", "Add, list, show, test and remove providers."),
        "models": ("models", "List a provider's models, or fetch the embedded model."),
        "move": ("move", "Move conversations to another provider."),
        "thread": ("thread", "Adopt, sync and show remote threads."),
    },
    "Maintenance": {
        "config": ("config", "Show and change settings, and store keys."),
        "db": ("db", "Manage the database: status, upgrade, backup, copy, check, reindex."),
        "completion": ("completion", "Set up completion in the shell: install, show, uninstall."),
        "man": ("man", "Print the manual page."),
    },
}
_OTHER_NAMES = {"search": "search"}  # commands that are aliases, and not listed
# Verbs that run turns. Ctrl-C waits there until the message is kept; any other verb it stops in its work.
_TURN_VERBS = frozenset({"ask", "continue", "edit", "new", "resume", "retry", "runs", "send"})
COMMANDS = {verb: row for group in GROUPS.values() for verb, row in group.items()}
EXIT_CODES = """\b
Exit codes:
  0  done                       5  not found
  1  error                      6  network
  2  usage                      7  key or configuration
  3  database unreachable       8  refused by the provider, busy, or the run failed
  4  schema                   130  interrupted"""


class LazyGroup(click.Group):
    """A group that imports a verb when it is called, so that ``--help`` costs no more than Click."""

    def invoke(self, ctx: click.Context) -> Any:
        """As Click's own, which would write an empty line where Ctrl-C was pressed."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise click.Abort from None

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As Click's own, with an alias replaced by what it stands for."""
        if args:
            from chatmgr.cli.aliases import expand

            own = next((index for index, word in enumerate(args) if word != "--debug"), len(args))
            args = [*args[:own], *expand(args[own:])]
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As Click's own, but an unknown word is answered with the verb that may be meant."""
        name = args[0]
        if name not in COMMANDS and name not in _OTHER_NAMES and not ctx.resilient_parsing:
            from chatmgr.cli.aliases import unknown

            raise unknown(args, list(COMMANDS))
        return super().resolve_command(ctx, args)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS and cmd_name not in _OTHER_NAMES:
            return None
        module = import_module(f"chatmgr.cli.verbs.{_OTHER_NAMES.get(cmd_name) or COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, f"{cmd_name}_command", module.command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        width = max(map(len, COMMANDS))
        for title, group in GROUPS.items():
            if group:
                with formatter.section(title):
                    formatter.write_dl([(verb.ljust(width), line) for verb, (_, line) in group.items()])
        from chatmgr.cli.aliases import shown

        with formatter.section("Also understood"):
            formatter.write_dl(shown())

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        """As Click's own; aliases are offered only once a part of them is typed."""
        from click.shell_completion import CompletionItem

        from chatmgr.cli.aliases import COMPLETED

        aliases = [
            CompletionItem(name, help=line)
            for name, line in COMPLETED.items()
            if incomplete and name.startswith(incomplete)
        ]
        return [*super().shell_complete(ctx, incomplete), *aliases]


@click.group(
    cls=LazyGroup,
    epilog=EXIT_CODES,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, "-v", "-V", "--version", prog_name="chatmgr")
@click.option("--debug", is_flag=True, help="Show the traceback of an unexpected error.")
@click.pass_context
def cli(ctx: click.Context, debug: bool) -> int | None:
    """Keep named conversations with AI assistants: durable, searchable, yours.

    Every turn is stored in a database on this machine. You can leave a conversation, resume it, search
    it, and continue it with another provider. Without arguments, at a terminal, chatmgr guides you to a
    first conversation or shows the latest ones.

    \b
    Examples:
      chatmgr
      chatmgr ask "What is the capital of Peru?"
      chatmgr new demo -i "You are brief."
      chatmgr resume demo
      chatmgr send demo "And in French?"
      chatmgr history -q "what was said"
    """
    if ctx.invoked_subcommand is not None:
        if ctx.invoked_subcommand not in _TURN_VERBS:
            interrupts.begin_work()
        return None
    if not all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)):
        raise click.exceptions.NoArgsIsHelpError(ctx)
    from chatmgr.chat.onboarding import welcome

    return welcome()


def main() -> NoReturn:
    """Run the command line and exit with its code."""
    sys.exit(run())


def run() -> int:
    """Run the command line; returns the documented exit code. Everything printed is flushed by then."""
    code = _run()
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code


def _run() -> int:
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    if "_CHATMGR_COMPLETE" in os.environ:
        from chatmgr.completion.shells import register_shells

        register_shells()
    try:
        code: Any = cli(prog_name="chatmgr", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as bare:
        click.echo(bare.format_message(), err=True)
        return 2
    except click.UsageError as error:
        return _report(as_sentence(error.format_message()), _usage_hint(error), 2)
    except click.ClickException as error:
        return _report(as_sentence(error.format_message()), "", 2)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo(
            err=True, nl=sys.stderr.isatty()
        )  # there, it is in the middle of a line: ^C, or a question
        return _report("Interrupted.", "", 130)
    except ChatmgrError as error:
        return _report(error.message, error.hint, error.exit_code)
    except BrokenPipeError:
        return 0
    except Exception as error:  # anything else is a defect of chatmgr
        return _report_fault(error)
    finally:
        interrupts.end_work()
        _close_app()
    return code if isinstance(code, int) else 0


def _usage_hint(error: click.UsageError) -> str:
    if hint := getattr(error, "hint", ""):
        return str(hint)
    path = error.ctx.command_path if error.ctx else "chatmgr"
    return f"See: {path} --help"


def _report_fault(error: Exception) -> int:
    if "--debug" in sys.argv:
        import traceback

        from chatmgr.domain.redaction import without_credentials
        from chatmgr.terminal.sanitize import clean

        sys.stderr.write(clean(without_credentials(traceback.format_exc())))
    if isinstance(error, OSError) and error.strerror:
        where = f" ({error.filename})" if error.filename else ""
        return _report(f"{error.strerror}{where}.", "What was kept is in: chatmgr history", 1)
    if damage := _damage():
        return _report(damage.message, damage.hint, damage.exit_code)
    return _report(
        f"Unexpected fault: {type(error).__name__}: {error}",
        "This is a defect of chatmgr. For the details: chatmgr --debug …",
        1,
    )


def _damage() -> ChatmgrError | None:
    """What is wrong with the database, if this command used it: damage shows up in any place."""
    context = sys.modules.get("chatmgr.ui.context")
    if context is None:
        return None
    from chatmgr.store.integrity import explained

    return explained(context.app().url)


def _report(message: str, hint: str, code: int) -> int:
    """Print an error and its hint to stderr; returns the exit code, for the caller to return."""
    from chatmgr.domain.redaction import without_credentials
    from chatmgr.terminal.fault_lines import fault_text

    try:
        sys.stderr.write(fault_text(without_credentials(message), without_credentials(hint)) + "\n")
    except OSError:
        return code
    return code


def _close_app() -> None:
    context = sys.modules.get("chatmgr.ui.context")  # a command that never imported it opened nothing
    if context is not None:
        context.close_app()
