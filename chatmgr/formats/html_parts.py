"""What pages show of texts and files, whether they were sent or received."""

import base64

from chatmgr.domain.image_size import file_facts, image_size
from chatmgr.domain.model import Attachment
from chatmgr.formats.html_escaping import escape

_IMAGE_SIGNATURES = {
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/gif": (b"GIF87a", b"GIF89a"),
    "image/webp": (b"RIFF",),
}


def text_block(rendered: str) -> str:
    """A rendered text, in the direction of its script."""
    return f'<div class="text" dir="auto">{rendered}</div>'


def file_html(file: Attachment) -> str:
    """An image shown in place; any other file as a download, with a content type that nothing opens."""
    name, pixels = escape(file.name), image_size(file.data)
    size = " · ".join(file_facts("", len(file.data), pixels)).removeprefix(" · ")
    data = base64.b64encode(file.data).decode()
    if file.content_type in _IMAGE_SIGNATURES and file.data.startswith(_IMAGE_SIGNATURES[file.content_type]):
        source = f"data:{file.content_type};base64,{data}"
        return f'<figure><img src="{source}" alt="{name}"><figcaption>{name} · {size}</figcaption></figure>'
    link = f'<a download="{name}" href="data:application/octet-stream;base64,{data}">{name}</a>'
    return f'<p class="file">{link} <span>{escape(file.content_type)} · {size}</span></p>'
