"""The words that people bring along from other tools: what each stands for here, or which verb to type.

An alias is unambiguous and takes the arguments of its verb. A hint is for a word that could mean several
things, or that takes other arguments: the error names what to type, with the arguments that were given.
"""

from chatmgr.domain.errors import UsageFault

# The words typed → the words that they stand for, and the form in which ``--help`` shows both.
ALIASES: dict[tuple[str, ...], tuple[tuple[str, ...], str, str]] = {
    ("ls",): (("history",), "ls, list", "history"),
    ("list",): (("history",), "", ""),
    ("show",): (("history",), "show NAME", "history NAME"),
    ("search",): (("search",), "search WORDS", "history -q WORDS"),
    ("rm",): (("delete",), "rm NAME", "delete NAME"),
    ("help",): (("--help",), "help [VERB]", "[VERB] --help"),
    ("version",): (("--version",), "version", "--version"),
    ("keys", "set"): (("config", "set-key"), "keys set PROVIDER", "config set-key PROVIDER"),
    ("config", "get"): (("config", "show"), "config get KEY", "config show KEY"),
    ("config", "list"): (("config", "show"), "", ""),
    ("config", "ls"): (("config", "show"), "", ""),
    ("models", "list"): (("models",), "models list", "models"),
    ("models", "ls"): (("models",), "", ""),
    ("assistant", "ls"): (("assistant", "list"), "", ""),
    ("assistant", "rm"): (("assistant", "delete"), "", ""),
    ("assistant", "remove"): (("assistant", "delete"), "", ""),
    ("assistant", "create"): (("assistant", "new"), "", ""),
    ("assistant", "add"): (("assistant", "new"), "", ""),
    ("provider", "ls"): (("provider", "list"), "", ""),
    ("provider", "rm"): (("provider", "remove"), "", ""),
    ("provider", "delete"): (("provider", "remove"), "", ""),
    ("provider", "new"): (("provider", "add"), "", ""),
    ("trash", "ls"): (("trash", "list"), "", ""),
    ("-p",): (("ask",), '"QUESTION", -p TEXT', "ask TEXT"),
    ("--print",): (("ask",), "", ""),
    ("-c",): (("ask", "-c"), "-c [TEXT]", "resume, or ask -c TEXT"),
    ("--continue",): (("ask", "-c"), "", ""),
}
# What each alias of one word is, beside it in the shell's completion.
COMPLETED = {
    "ls": "The same as history.",
    "list": "The same as history.",
    "show": "The same as history NAME.",
    "search": "The same as history -q WORDS.",
    "rm": "The same as delete.",
    "help": "The same as --help.",
    "version": "The same as --version.",
}
# The word typed → what to type; “…” stands for the arguments that were given.
HINTS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("chat", "open", "start", "talk"), ("resume …", "new …")),
    **dict.fromkeys(("prompt", "question", "query", "say", "tell"), ("ask …",)),
    **dict.fromkeys(("create", "init"), ("new …",)),
    **dict.fromkeys(("log", "logs", "sessions", "conversations", "chats"), ("history …",)),
    **dict.fromkeys(("find", "grep"), ("search …",)),
    **dict.fromkeys(("cat", "view", "print"), ("history …",)),
    **dict.fromkeys(("remove", "del"), ("delete …",)),
    **dict.fromkeys(("undelete", "recover"), ("restore …",)),
    **dict.fromkeys(("copy", "cp", "branch", "clone"), ("fork …", "db copy …")),
    "mv": ("rename …", "move … --to PROVIDER"),
    "title": ("rename NAME --title TEXT",),
    "untag": ("tag NAME -TAG",),
    **dict.fromkeys(("stop", "cancel"), ("runs cancel …",)),
    **dict.fromkeys(("ps", "status", "jobs"), ("runs", "db status")),
    "wait": ("runs wait …",),
    **dict.fromkeys(("regenerate", "again"), ("retry …",)),
    **dict.fromkeys(("checkout", "path", "paths"), ("switch NAME~2", "history NAME --tree")),
    **dict.fromkeys(("cost", "costs", "usage", "tokens"), ("stats …",)),
    **dict.fromkeys(("key", "keys", "login", "auth", "set-key"), ("config set-key PROVIDER",)),
    **dict.fromkeys(("set", "unset"), ("config set KEY VALUE", "config unset KEY")),
    **dict.fromkeys(("settings", "preferences", "configure", "setup"), ("config show", "config edit")),
    "model": ("models …", "models pull"),
    "sync": ("push", "pull"),
    **dict.fromkeys(("providers", "servers"), ("provider list",)),
    **dict.fromkeys(
        ("assistants", "personas", "roles", "templates", "prompts", "system"), ("assistant list",)
    ),
    **dict.fromkeys(("backup", "dump"), ("db backup …", "export --all")),
    "upgrade": ("db upgrade",),
    **dict.fromkeys(("quit", "exit", "clear"), ("resume",)),
}
_NOT_REPEATED = frozenset({"key", "keys", "login", "auth", "set-key"})  # a key may stand there


def shown() -> list[tuple[str, str]]:
    """The rows of ``--help``: what may be typed, and what it is."""
    return [(typed, stands_for) for _, typed, stands_for in ALIASES.values() if typed]


def expand(args: list[str]) -> list[str]:
    """The arguments of the command line with an alias replaced; as they are where there is none.

    A first argument that can only be a question is asked.
    """
    if not args:
        return args
    if args[0] == "help":
        return [*expand(args[1:]), "--help"]
    if args in (["-c"], ["--continue"]):
        return ["resume"]
    if is_question(args[0]):
        return ["ask", *args]
    for length in (2, 1):
        if alias := ALIASES.get(tuple(args[:length])):
            return [*alias[0], *args[length:]]
    return args


def is_question(text: str) -> bool:
    """Whether text in the place of a verb can only be meant as a message: no verb has a blank in it."""
    return not text.startswith("-") and (len(text.split()) > 1 or text.endswith(("?", "？")))


def unknown(args: list[str], verbs: list[str]) -> UsageFault:
    """The error for a word that is no verb: it names what was meant, with the arguments that were typed."""
    word, *rest = args
    message = f"There is no command “{word}”."
    if word in HINTS:
        commands = [_with_arguments(command, word, rest) for command in HINTS[word]]
        return UsageFault(message, f"Type: {' — or: '.join(commands)}")
    from shlex import join

    from chatmgr.domain.names import nearest

    if meant := nearest(word, [*verbs, *COMPLETED]):
        return UsageFault(message, f"Did you mean: {join(['chatmgr', meant[0], *rest])}")
    if len(rest) > 1 and not any(argument.startswith("-") for argument in rest):
        return UsageFault(message, f"To ask a question, put it in quotes: chatmgr {join([' '.join(args)])}")
    return UsageFault(message, "See: chatmgr --help")


def _with_arguments(command: str, word: str, rest: list[str]) -> str:
    from shlex import join

    typed = join(rest) if word not in _NOT_REPEATED else ""
    return f"chatmgr {command.replace('…', typed)}".replace("  ", " ").rstrip()
