"""Files that clients upload, and the multipart form in which they come.

Mental model: an upload is a form of fields; the file's field is an `Upload`, its bytes as text of one
character a byte, which also knows its name and type.
"""

from __future__ import annotations

from email import message_from_bytes
from typing import Any

from .parts import Answer, Call, Json, RefusedError, as_json, deleted
from .routing import Route
from .world import World


class Upload(str):
    """The content of an uploaded file, in Latin-1."""

    filename: str
    content_type: str

    @property
    def data(self) -> bytes:
        """The bytes as they came."""
        return self.encode("latin-1")


def read_form(content: bytes, content_type: str) -> Json:
    """Take a multipart form apart."""
    form: Any = message_from_bytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + content)
    fields: Json = {}
    for part in form.get_payload() if form.is_multipart() else ():
        name = part.get_param("name", header="content-disposition")
        data = part.get_payload(decode=True)
        if filename := part.get_filename():
            fields[name] = upload = Upload(data.decode("latin-1"))
            upload.filename, upload.content_type = filename, part.get_content_type()
        else:
            fields[name] = data.decode()
    return fields


class Files:
    """The endpoints under /files."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[Route]:
        """Everything served here."""
        return [
            ("POST", "/files", self._create),
            ("GET", "/files/{file}", lambda call: as_json(self._named(call))),
            ("DELETE", "/files/{file}", self._delete),
        ]

    def forget(self, identifier: str) -> None:
        """Lose a file, if it is one."""
        self._world.files.pop(identifier, None)

    def _named(self, call: Call) -> Json:
        if call.args["file"] not in self._world.files:
            raise RefusedError(404, f"No such File object: {call.args['file']}")
        return self._world.files[call.args["file"]]

    def _create(self, call: Call) -> Answer:
        sent = call.body.get("file")
        if not isinstance(sent, Upload) or not sent:
            raise RefusedError(
                400, "Missing required parameter: 'file'.", "missing_required_parameter", "file"
            )
        body = {
            "id": self._world.new_id("file"),
            "object": "file",
            "bytes": len(sent),
            "created_at": self._world.now(),
            "filename": sent.filename,
            "purpose": call.body["purpose"],
            "status": "processed",
        }
        self._world.files[body["id"]] = body
        return as_json(body)

    def _delete(self, call: Call) -> Answer:
        self._named(call)
        self.forget(call.args["file"])
        return deleted(call.args["file"], "file")
