"""What is prepared before anything is measured: the provider ``wire``, and things on its server."""

import json
import urllib.request
from pathlib import Path
from typing import Any

KEY = {"BENCH_KEY": "sk-bench"}
HEADERS = {
    "Authorization": "Bearer sk-bench",
    "Content-Type": "application/json",
    "OpenAI-Beta": "assistants=v2",
}


def configure(home: Path, api: str, url: str, model: str) -> None:
    """Make ``wire`` a provider of this home; its key is in the environment, as the SDK has it."""
    table = {"api": api, "base_url": url, "key_env": "BENCH_KEY", "default_model": model}
    lines = [f"{name} = {json.dumps(value)}" for name, value in table.items()]
    (home / "config.toml").write_text("\n".join(["[providers.wire]", *lines, ""]), encoding="utf-8")


def create(url: str, path: str, body: dict[str, Any] | None = None) -> str:
    """Create something on a server; returns its id."""
    request = urllib.request.Request(url + path, json.dumps(body or {}).encode(), HEADERS)
    with urllib.request.urlopen(request) as answer:
        return str(json.load(answer)["id"])
