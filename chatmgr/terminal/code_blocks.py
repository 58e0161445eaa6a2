"""The code in an answer, by itself, for pasting and piping."""

from collections.abc import Iterator


def blocks(text: str) -> Iterator[tuple[str, str]]:
    """Language (as it was named, or empty) and content of each code block of a Markdown text."""
    from markdown_it import MarkdownIt

    for token in MarkdownIt().parse(text):
        if token.type in {"fence", "code_block"}:
            yield token.info.strip().partition(" ")[0], token.content
