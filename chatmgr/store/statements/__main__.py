"""``python -m chatmgr.store.statements``: write ``compiled.py`` anew."""

from pathlib import Path

from chatmgr.store import compiling
from chatmgr.store.statements import render

Path(compiling.__file__).with_name("compiled.py").write_text(render(), encoding="utf-8")
