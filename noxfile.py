"""The daily commands, each by its name: ``nox -s test``, ``lint``, ``types``, ``docs``, ``bench``.

They call ``.ci/run`` and use its environment, ``.venv``, so that what passes here passes there.
"""

import nox

nox.options.sessions = ["lint", "types"]


@nox.session(venv_backend="none")
def test(session: nox.Session) -> None:
    """Run tests: all of them, or those that are named after ``--``."""
    if session.posargs:
        session.run(".venv/bin/pytest", *session.posargs, external=True)
    else:
        session.run(".ci/run", "tests", external=True)


@nox.session(venv_backend="none")
def lint(session: nox.Session) -> None:
    """Check style, formatting and the layers."""
    session.run(".ci/run", "lint", "layers", external=True)


@nox.session(venv_backend="none")
def types(session: nox.Session) -> None:
    """Check types."""
    session.run(".ci/run", "types", external=True)


@nox.session(venv_backend="none")
def docs(session: nox.Session) -> None:
    """Regenerate the reference, the manual page and the pictures, then build the site."""
    session.run(".venv/bin/python", "-m", "chatmgr.cli.help.reference", external=True)
    session.run(".venv/bin/python", "docs/tools/schema.py", external=True)
    session.run(".venv/bin/python", "docs/tools/screens.py", external=True)
    session.run(".ci/run", "docs", external=True)


@nox.session(venv_backend="none")
def bench(session: nox.Session) -> None:
    """Compare chatmgr with its neighbours; ``-- --only startup`` takes one item."""
    session.run(".venv/bin/python", "-m", "benchmarks.run", *session.posargs, external=True)
