"""OpenAI's SDK, imported without its types: import ``openai`` from here, never by itself.

``import openai`` also imports ``openai.types``: five hundred modules of typed requests and answers, which
are two thirds of what the import costs (measured). Requests here are sent through the client's generic
verbs, and answers are read as JSON, so that next to none of these modules is used.

So the packages of types are deferred. A deferred package is a module that knows its folder and nothing
else. Importing a submodule works as ever. The first name that is missing runs the package's own
``__init__``, and nothing is different after it.
"""

import importlib.abc
import importlib.machinery
import sys
import threading
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any, cast

_DEFERRED = frozenset(
    {
        "openai.types",
        "openai.types.chat",
        "openai.types.responses",
        "openai.types.shared",
        "openai.types.shared_params",
    }
)
_lock = threading.RLock()


class _Package(ModuleType):
    """A package whose ``__init__`` was not run yet."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        with _lock:
            if type(self) is _Package:
                loader = cast(_Loader, self.__loader__)
                self.__class__ = ModuleType  # type: ignore[assignment]  # from now on it is a usual module
                self.__loader__ = cast(ModuleSpec, self.__spec__).loader = loader.postponed
                loader.postponed.exec_module(self)
        return getattr(self, name)


class _Loader(importlib.abc.Loader):
    def __init__(self, postponed: importlib.abc.Loader) -> None:
        self.postponed = postponed

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _Package(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Run nothing; ``postponed`` does, later."""


class _Finder(importlib.abc.MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        spec = PathFinder.find_spec(fullname, path) if fullname in _DEFERRED else None
        if spec and spec.loader and spec.submodule_search_locations:
            spec.loader = _Loader(spec.loader)
            return spec
        return None


sys.meta_path.insert(0, _Finder())
import openai as openai  # noqa: E402 - once its types are deferred
