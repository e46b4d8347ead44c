"""Releases: intents that succeeded and held. What a rollback goes back to is one of them, never "the one before".

A rollback is no release of its own: it restores one. So two rollbacks in a row go back two releases, and do not swing.
All sequences are of one target, newest first.
"""

from collections.abc import Sequence

from bot.domain.intent import Intent, Kind, State


def releases(history: Sequence[Intent]) -> list[Intent]:
    """Each version that held, once."""
    found: dict[str, Intent] = {}
    for intent in history:
        if intent.state is State.SUCCEEDED and intent.kind is not Kind.ROLLBACK and intent.digest:
            found.setdefault(intent.digest, intent)
    return list(found.values())


def current(history: Sequence[Intent]) -> Intent | None:
    """What runs, as far as we know: the last that succeeded, a rollback too."""
    return next((each for each in history if each.state is State.SUCCEEDED), None)


def before(history: Sequence[Intent], *, running: Intent | None = None) -> Intent | None:
    """The release before the present one. During a rollout that is the present one itself.

    What was taken back by a rollback is passed over: it was taken back because it did harm.
    """
    known, present = releases(history), current(history)
    if present is None:
        return None
    root = next((each for each in known if each.digest == present.digest), None)
    if running is not None:
        return root if root and root.digest != running.digest else None
    bad = _taken_back(history)
    older = known[known.index(root) + 1 :] if root else known
    return next((each for each in older if each.id not in bad), None)


def _taken_back(history: Sequence[Intent]) -> set[int | None]:
    """Ids of releases from which a rollback led away, also where that rollback was the second in a row."""
    restored = {each.id: each.restores for each in history if each.restores}
    undone = {each.undoes for each in history if each.kind is Kind.ROLLBACK and each.state is State.SUCCEEDED}
    return undone | {restored[each] for each in undone if each in restored}


def undone(history: Sequence[Intent], rollback: Intent) -> list[Intent]:
    """Releases that no longer run because of a rollback, the one it was asked for included."""
    known = releases([each for each in history if each.id != rollback.id])
    root = next((each for each in known if each.digest == rollback.digest), None)
    newer = known[: known.index(root)] if root else []
    first = [each for each in history if each.id == rollback.undoes and each not in newer]
    return first + newer
