"""Commands that take a change of course back, or go on, as the person types them: at a shell, or in the chat.

A service that changes the path of a conversation says in one line how to take that back. The line names
commands of the place where the person is.
"""

from chatmgr.domain.addresses import in_shell


class ShellCommands:
    """The verbs of the program, with the conversation's name."""

    def switch(self, name: str, path: str) -> str:
        """Go to a path (``~2@5``) of a conversation."""
        return f"chatmgr switch {in_shell(f'{name}{path}')}"

    def retry(self, name: str, turn: int, run: int = 0) -> str:
        """Have a turn answered again, or by one of its runs."""
        return f"chatmgr retry {in_shell(f'{name}@{turn}')}{f' --pick {run}' if run else ''}"

    def go_on(self, name: str) -> str:
        """Go on with the last answer of a conversation."""
        return f"chatmgr continue {in_shell(name)}"

    def again(self, name: str) -> str:
        """Have the last turn of a conversation answered again."""
        return f"chatmgr retry {in_shell(name)}"

    def more(self, name: str) -> str:
        """How to ask for more than a complete answer."""
        return f"Ask for more: chatmgr send {in_shell(name)} …"

    def first(self, name: str) -> str:
        """How to ask something in an empty conversation."""
        return f"Ask something: chatmgr send {in_shell(name)} …"


class ChatCommands(ShellCommands):
    """The commands of a chat, whose conversation needs no name."""

    def switch(self, name: str, path: str) -> str:
        """Go to a path of the chat's conversation."""
        return f"/switch {path}"

    def retry(self, name: str, turn: int, run: int = 0) -> str:
        """Have a turn answered again, or by one of its runs."""
        return f"/retry @{turn}{f' --pick {run}' if run else ''}"

    def go_on(self, name: str) -> str:
        """Go on with the last answer of the chat's conversation."""
        return "/continue"

    def again(self, name: str) -> str:
        """Have the last turn of the chat's conversation answered again."""
        return "/retry"

    def more(self, name: str) -> str:
        """How to ask for more than a complete answer."""
        return "Ask for more in a message."

    def first(self, name: str) -> str:
        """How to ask something in an empty conversation."""
        return "Ask something first."


SHELL = ShellCommands()
CHAT = ChatCommands()
