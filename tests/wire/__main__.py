"""`python -m tests.wire`: a scripted server as a process; it ends when its standard input does."""

from __future__ import annotations

import argparse
import json
import sys
import threading
from pathlib import Path

from .faults import Fault, FileGate
from .parts import Json
from .server import WireServer
from .world import Wild


def main() -> None:
    """Serve until standard input ends."""
    options = _options()
    lock = threading.Lock()
    with options.log.open("a", encoding="utf-8", buffering=1) as log:

        def write(entry: Json) -> None:
            line = json.dumps(entry, ensure_ascii=False) + "\n"
            with lock:
                log.write(line)

        server = WireServer(
            deltas=options.deltas,
            abandoned=options.abandoned,
            wild=Wild(**options.wild),
            check=not options.no_check,
            log=write,
        )
        for fault in options.faults:
            server.fault(read_fault(fault))
        for statuses in options.run_script:
            server.script_run(*statuses.split(","))
        server.wrong_keys.update(options.wrong_key)
        with server:
            _publish(options.port_file, server.base_url)
            sys.stdin.read()


def read_fault(described: Json) -> Fault:
    """Build a fault from its JSON form: the same fields, `match` as a list, `gate` as the path of a file
    gate.
    """
    fields = dict(described)
    if "match" in fields:
        fields["match"] = tuple(fields["match"])
    if "gate" in fields:
        fields["gate"] = FileGate(fields["gate"])
    return Fault(**fields)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.wire", description=__doc__)
    parser.add_argument("--port-file", type=Path, required=True, help="gets the base URL, all at once")
    parser.add_argument("--log", type=Path, required=True, help="gets one JSON line per happening")
    parser.add_argument("--faults", type=json.loads, default=[], help="a JSON list of faults")
    parser.add_argument("--wild", type=json.loads, default={}, help="a JSON object with the fields of Wild")
    parser.add_argument("--deltas", type=int, help="the number of deltas per answer")
    parser.add_argument("--abandoned", choices=["finish", "drop", "input_only"], default="finish")
    parser.add_argument(
        "--run-script", action="append", default=[], help="statuses of the next run, with commas"
    )
    parser.add_argument("--wrong-key", action="append", default=[], help="a key to answer with 401")
    parser.add_argument("--no-check", action="store_true", help="do not judge requests by the document")
    return parser.parse_args()


def _publish(file: Path, url: str) -> None:
    draft = file.with_name(file.name + ".draft")
    draft.write_text(url, encoding="ascii")
    draft.replace(file)
    print(url, flush=True)


if __name__ == "__main__":
    main()
