"""How a run is closed in the process that runs it: stopped by the person, failed, or finished."""

from chatmgr.domain.errors import ChatmgrError, NetworkDown, ProviderRefused, Unsettled
from chatmgr.domain.states import RunState
from chatmgr.store.writer import OpenRun, Writer
from chatmgr.turns.progress import Progress, aborted_outcome, failed_outcome, finished_outcome
from chatmgr.turns.recorder import Recorder
from chatmgr.turns.recovery import wait_hint


class RunEnding:
    """Writes the ends of runs, and leaves those open that go on at their server or wait for a person."""

    def __init__(self, writer: Writer, recorder: Recorder) -> None:
        self._writer = writer
        self._recorder = recorder

    def stopped(self, run: OpenRun, progress: Progress) -> None:
        """Close a run that the person stopped; one that had ended keeps its end."""
        if progress.finished:
            self.finished(run, progress)
        else:
            self._writer.runs.close(run, aborted_outcome(progress, RunState.CANCELLED, ""))

    def failed(self, run: OpenRun, progress: Progress, error: Exception) -> None:
        """Close a run that an error ended, unless it waits or goes on at the server."""
        if not isinstance(error, ChatmgrError):
            text = f"{type(error).__name__}: {error}"
            self._writer.runs.close(run, aborted_outcome(progress, RunState.FAILED, text))
        elif progress.awaits_output and not error.touched:
            self._writer.runs.require_action(run)
        elif isinstance(error, Unsettled):
            self._recorder.checkpoint(run, progress)
            error.hint = "What arrived is kept, and the next command looks for the rest: chatmgr runs"
        elif progress.outlives_process and progress.run_id and _outcome_unknown(error):
            self._recorder.checkpoint(run, progress)
            error.hint = f"The run goes on at the server. {wait_hint(progress.conversation)}"
        else:
            self._writer.runs.close(run, failed_outcome(progress, error))

    def finished(self, run: OpenRun, progress: Progress) -> None:
        """Save the end; a run whose stream had none is interrupted, never complete."""
        finished = progress.finished
        if finished is None:
            reason = "the stream ended before the answer did"
            self._writer.runs.close(run, aborted_outcome(progress, RunState.INTERRUPTED, reason))
            raise NetworkDown(
                f"The answer broke off: {reason}.",
                "What arrived is kept. Send the message again for a whole answer.",
            )
        if finished.state is RunState.REQUIRES_ACTION:
            self._recorder.checkpoint(run, progress)
            names = ", ".join(call.name for call in finished.calls)
            self._writer.runs.require_action(run, names, finished_outcome(finished, progress))
            return
        self._writer.runs.close(run, finished_outcome(finished, progress))


def _outcome_unknown(error: ChatmgrError) -> bool:
    """Whether an error leaves open what became of the run."""
    return isinstance(error, NetworkDown) or (isinstance(error, ProviderRefused) and error.status >= 500)
