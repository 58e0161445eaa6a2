"""The marks of Markdown's blocks: regular expressions, and small questions about one line."""

import re

HEADING = re.compile(r"(#{1,6})(?:[ \t]+(.*?))??(?:[ \t]+#+)?[ \t]*$")
FENCE = re.compile(r"(`{3,})([^`]*)$|(~{3,})(.*)$")
RULE = re.compile(r"(?:(?:\*[ \t]*){3,}|(?:_[ \t]*){3,}|(?:-[ \t]*){3,})$")
SETEXT_UNDERLINE = re.compile(r"(=+|-+)[ \t]*$")
_LIST_ITEM = re.compile(r"([-+*]|(\d{1,9})[.)])(?:( +)|$)")
TABLE_DELIMITERS = re.compile(r"\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$")
_PIPE = re.compile(r"(?<!\\)\|")
LINK_DEFINITION = re.compile(r"\[[^\]]+\]:\s*\S")
_HTML_BLOCKS = (  # how a block begins, and what its last line contains; "" means that an empty line ends it
    (re.compile(r"<(?:script|pre|style|textarea)(?:[\s>]|$)", re.I), "</"),
    (re.compile(r"<!--"), "-->"),
    (re.compile(r"<\?"), "?>"),
    (re.compile(r"<![A-Za-z]"), ">"),
    (re.compile(r"</?[A-Za-z][A-Za-z0-9-]*(?:[\s/>].*)?$"), ""),
)
_LONE_TAG = re.compile(r"</?[A-Za-z][^>]*>\s*$")


ALIGNMENTS = {(True, True): "^", (False, True): ">", (True, False): "<", (False, False): "<"}


def table_cells(row: str) -> list[str]:
    """The cells of a table row."""
    row = row.strip(" \t").removeprefix("|")
    parts = [part.strip(" \t").replace("\\|", "|") for part in _PIPE.split(row)]
    return parts[:-1] if len(parts) > 1 and not parts[-1] else parts


def expand_indent(text: str) -> str:
    """Expand leading tabs to blanks."""
    if "\t" not in text[:8]:
        return text
    bare = text.lstrip(" \t")
    return text[: len(text) - len(bare)].expandtabs(4) + bare


def list_item(text: str, *, in_paragraph: bool) -> "re.Match[str] | None":
    """The marker of a list item that starts here, if one may.

    A paragraph is only interrupted by an item that is not empty and has no number other than 1.
    """
    item = _LIST_ITEM.match(text)
    if item and in_paragraph and (len(text) <= item.end() or item[2] not in {None, "1"}):
        return None
    return item


def html_block_end(text: str, *, in_paragraph: bool) -> str | None:
    """The text that ends the HTML block starting here (empty: an empty line does); None if none starts."""
    for start_pattern, end in _HTML_BLOCKS:
        if start_pattern.match(text):
            if not end and (in_paragraph or (not _LONE_TAG.match(text) and not _BLOCK_TAG.match(text))):
                continue
            return end
    return None


_BLOCK_TAG = re.compile(
    r"</?(?:address|article|aside|blockquote|body|br|center|col|dd|details|dialog|div|dl|dt|fieldset|figure"
    r"|footer|form|h[1-6]|head|header|hr|html|iframe|li|link|main|menu|nav|ol|p|section|summary|table|tbody"
    r"|td|tfoot|th|thead|title|tr|ul)(?:[\s/>]|$)",
    re.I,
)
