"""The entry point of ``python -m chatmgr`` and of the ``chatmgr`` script."""

import atexit
import gc
import os
import signal
import sys

# Start-up makes some hundred thousand objects that live to the end. Searching them for garbage on the way
# is a fifth of what a turn's start costs (measured).
_OBJECTS_OF_START_UP = 500_000
_OBJECTS_THEREAFTER = 50_000


def main() -> None:
    """Answer a shell that completes a word, or else run the command line; then leave the process."""
    _let_ctrl_c_kill()
    _postpone_collection()
    _reopen_closed_streams()
    leave(_run())


def _let_ctrl_c_kill() -> None:
    """Until the signal has its owner, end without a word: nothing was begun that could be left half done."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def _run() -> int:
    if "_CHATMGR_COMPLETE" in os.environ:
        from chatmgr.completion.fast_path import answer_completion

        if answer_completion():
            return 0
    from chatmgr.domain.interrupts import interrupts

    interrupts.install()
    from chatmgr.cli.main import run

    return run()


def _postpone_collection() -> None:
    """Collect no garbage during start-up, and never search what start-up made again.

    Most commands end before the first collection. In a process that lives longer, that collection sets
    what is alive then apart, and the usual pace begins.
    """

    def settle(phase: str, info: dict[str, int]) -> None:
        if phase == "stop":
            gc.callbacks.remove(settle)
            gc.freeze()
            gc.set_threshold(_OBJECTS_THEREAFTER, 20, 20)

    gc.callbacks.append(settle)
    gc.set_threshold(_OBJECTS_OF_START_UP, 20, 20)


def _reopen_closed_streams() -> None:
    """Open the null device in place of standard streams that were closed (``>&-``); Python has None there.

    It takes their very descriptors, the lowest that are free. Otherwise the next file to be opened, be it
    the database, would be standard output to every library and child process.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            stream = open(os.devnull, mode, encoding="utf-8")  # noqa: PTH123, SIM115 - as long as the process
            os.set_inheritable(stream.fileno(), True)
            setattr(sys, name, stream)


def leave(code: int) -> None:
    """End the process with an exit code, without freeing its modules and objects one by one.

    Taking the interpreter apart is a third of what a short command costs (measured), and the operating
    system frees the memory anyway. What the interpreter does for others at its end is done here: waiting
    for threads that are no daemons, the functions that were registered with ``atexit`` (they stop the
    embedded model and remove temporary files), and flushing the standard streams.

    Tools that look at a process to its very end, as profilers and debuggers do, get the usual end.
    """
    if _is_observed():
        sys.exit(code)
    try:
        _join_threads()
        atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            _flush(stream)
    finally:
        os._exit(code)


def _is_observed() -> bool:
    """Whether a tracer, a profiler, ``-i``, ``-X dev`` or ``--debug`` wants the interpreter's own end."""
    monitoring = getattr(sys, "monitoring", None)  # since Python 3.12
    tools = monitoring and any(map(monitoring.get_tool, range(6)))
    flags = sys.flags.inspect or sys.flags.dev_mode or "--debug" in sys.argv
    return bool(sys.gettrace() or sys.getprofile() or tools or flags)


def _join_threads() -> None:
    threading = sys.modules.get("threading")
    if threading is None:
        return
    for thread in threading.enumerate():
        if not thread.daemon and thread is not threading.current_thread():
            thread.join()


def _flush(stream: object) -> None:
    try:
        stream.flush()  # type: ignore[attr-defined]
    except (OSError, ValueError):  # nobody reads it any more, or it is closed
        pass


if __name__ == "__main__":
    main()
