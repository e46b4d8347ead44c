"""The words of going back: what a failure has led to, how far it is, and what holds automation off meanwhile."""

from bot.domain.hold import Hold
from bot.domain.intent import Intent, State
from bot.report.markdown import clock, code, lasting, plain, prose

_ENDS_OF_IT = frozenset({"workload_deleted", "workload_recreated"})
"""Reasons after which nothing of before is left to go back to."""


def aftermath(failed: Intent, rollback: Intent | None, *, version: str = "") -> str:
    """Where things stand after the failure, to follow its sentence: `, so staging is back on …`. May be empty.

    `version` is how to show the commit gone back to.
    """
    if rollback is None:
        return "; what ran before may still serve" if can_go_back(failed) else ""
    version, why = version or code(rollback.short_sha), prose(rollback.detail.rstrip("."))
    place = plain(failed.environment)
    texts = {
        State.SUCCEEDED: f", so {place} is back on {version}",
        State.NEUTRAL: f", so {place} is set back to {version}: {why}",
        State.FAILED: f", and going back to {version} failed too: {why}",
        State.REFUSED: f", and going back to {version} failed too: {why}",
        State.UNKNOWN: f", and nobody saw whether {place} is back on {version}: {why}",
        State.SUPERSEDED: f"; going back to {version} was overtaken: {_without(rollback.state, why)}",
        State.CANCELLED: f"; going back to {version} was cancelled: {_without(rollback.state, why)}",
    }
    return texts.get(rollback.state, f", so {place} goes back to {version}")


def can_go_back(failed: Intent) -> bool:
    """Whether another version ran there before, and its workload is the same one."""
    return failed.previous_image not in ("", failed.image) and failed.reason not in _ENDS_OF_IT


def undo_line(failed: Intent) -> str:
    """How a person goes back where nothing else does."""
    target = failed.target
    return f"To go back: {code(f'kubectl -n {target.namespace} rollout undo {target.workload}')}."


def hold_line(hold: Hold, *, ours: bool, command: str) -> str:
    """That automation is off, and `command`, which ends that; by whom and why where it is not `ours` to know."""
    by = f" by {plain(hold.set_by)}" if hold.set_by else ""
    why = "" if ours else f" (since {clock(hold.set_at)}{by}: {prose(hold.reason)})"
    return f"Automatic deploys to {plain(hold.environment)} are on hold{why} until {code(command)}."


def standing(rollback: Intent) -> str:
    """A rollback's own state in one line."""
    version = code(rollback.short_sha)
    was = rollback.previous_sha[:7]
    if was:
        version += f" (was {code(was)})"
    at, why = clock(rollback.state_since), prose(rollback.detail.rstrip("."))
    match rollback.state:
        case State.SUCCEEDED:
            took = lasting(rollback.state_since - (rollback.patched_at or rollback.created_at))
            return f"↩️ back on {version} since {at}, took {took}"
        case State.NEUTRAL:
            return f"↩️ set back to {version}: {why}"
        case State.FAILED | State.REFUSED:
            mark = "❌" if rollback.state is State.FAILED else "⛔"
            return f"{mark} going back to {version} failed {at}: {why}"
        case State.UNKNOWN:
            return f"❔ nobody saw whether it is back on {version}: {why}"
        case State.SUPERSEDED | State.CANCELLED:
            how = "cancelled" if rollback.state is State.CANCELLED else "overtaken"
            return f"⏭️ going back to {version} was {how}: {_without(rollback.state, why)}"
        case _:
            return f"↩️ going back to {version} since {clock(rollback.created_at)}"


def notice_head(rollback: Intent, *, version: str) -> str:
    """The first line where a rollback itself did not work."""
    name = f"{plain(rollback.environment)}: going back to {version}"
    match rollback.state:
        case State.FAILED:
            return f"❌ **{name} failed**"
        case State.REFUSED:
            return f"⛔ **{name} was not possible**, nothing was changed"
        case _:
            return f"❔ **{name}: the end could not be seen**"


def _without(state: State, why: str) -> str:
    return why.removeprefix(f"{state} ")
