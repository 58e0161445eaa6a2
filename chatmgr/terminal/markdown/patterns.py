"""How Markdown marks its blocks: the patterns, and small questions about one line."""

import re

from chatmgr.terminal.markdown.leaf_blocks import Text

HEADING = re.compile(r"(#{1,6})(?:[ \t]+(.*?))??(?:[ \t]+#+)?[ \t]*$")
FENCE = re.compile(r"(`{3,})([^`]*)$|(~{3,})(.*)$")
RULE = re.compile(r"(?:(?:\*[ \t]*){3,}|(?:_[ \t]*){3,}|(?:-[ \t]*){3,})$")
UNDERLINE = re.compile(r"(=+|-+)[ \t]*$")
ITEM = re.compile(r"([-+*]|(\d{1,9})[.)])(?:( +)|$)")
DELIMITERS = re.compile(r"\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$")
_PIPE = re.compile(r"(?<!\\)\|")
DEFINITION = re.compile(r"\[[^\]]+\]:\s*\S")
_HTML = (  # how such a block begins, and what its last line contains: nothing is an empty line
    (re.compile(r"<(?:script|pre|style|textarea)(?:[\s>]|$)", re.I), "</"),
    (re.compile(r"<!--"), "-->"),
    (re.compile(r"<\?"), "?>"),
    (re.compile(r"<![A-Za-z]"), ">"),
    (re.compile(r"</?[A-Za-z][A-Za-z0-9-]*(?:[\s/>].*)?$"), ""),
)
_TAG_ALONE = re.compile(r"</?[A-Za-z][^>]*>\s*$")


ALIGNS = {(True, True): "^", (False, True): ">", (True, False): "<", (False, False): "<"}


def cells(row: str) -> list[str]:
    """The cells of a row of a table."""
    row = row.strip(" \t").removeprefix("|")
    found = [one.strip(" \t").replace("\\|", "|") for one in _PIPE.split(row)]
    return found[:-1] if len(found) > 1 and not found[-1] else found


def untabbed(text: str) -> str:
    """Leading tabs as blanks."""
    if "\t" not in text[:8]:
        return text
    bare = text.lstrip(" \t")
    return text[: len(text) - len(bare)].expandtabs(4) + bare


def may_begin(item: "re.Match[str]", bare: str, paragraph: Text | None) -> bool:
    """A paragraph is not interrupted by an empty item, or by a number other than 1."""
    return paragraph is None or (len(bare) > item.end() and item[2] in {None, "1"})


def html_end(bare: str, paragraph: Text | None) -> str | None:
    for begins, end in _HTML:
        if begins.match(bare):
            if not end and (paragraph or (not _TAG_ALONE.match(bare) and not _BLOCK_TAG.match(bare))):
                continue
            return end
    return None


_BLOCK_TAG = re.compile(
    r"</?(?:address|article|aside|blockquote|body|br|center|col|dd|details|dialog|div|dl|dt|fieldset|figure"
    r"|footer|form|h[1-6]|head|header|hr|html|iframe|li|link|main|menu|nav|ol|p|section|summary|table|tbody"
    r"|td|tfoot|th|thead|title|tr|ul)(?:[\s/>]|$)",
    re.I,
)
