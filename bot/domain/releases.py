"""Releases: intents that succeeded and held. What a rollback goes back to is one of them, never "the one before".

A rollback is no release of its own: it restores one. So two rollbacks in a row go back two releases, and do not swing.
All sequences are of one target, newest first.
"""

from collections.abc import Sequence

from bot.domain.intent import Intent, IntentId, Kind, State


def releases(history: Sequence[Intent]) -> list[Intent]:
    """Each version that held, once."""
    found: dict[str, Intent] = {}
    for intent in history:
        if _is_release(intent):
            found.setdefault(intent.digest, intent)
    return list(found.values())


def current(history: Sequence[Intent]) -> Intent | None:
    """What runs, as far as we know: the last that succeeded, a rollback too."""
    return next((each for each in history if each.state is State.SUCCEEDED), None)


def present(history: Sequence[Intent], *, running: Intent | None = None) -> Intent | None:
    """What a rollback takes back: what rolls out, else what was put there last, whatever became of it."""
    return running or next(iter(history), None)


def before(history: Sequence[Intent], *, running: Intent | None = None) -> Intent | None:
    """The release to go back to from the present one, which may be a rollout that has not ended or not held.

    What was taken back by a rollback is passed over: it was taken back because it did harm. A version that held once
    and did not when it was deployed again goes back to the release before it, as if it had held.
    """
    taken = present(history, running=running)
    if taken is None:
        return None
    if taken.kind is not Kind.ROLLBACK and taken.state is not State.SUCCEEDED:
        other = ran_before(history, taken)
        if other is not None:
            return other
    known, bad = releases(history), _taken_back(history)
    root = _of_digest(known, taken.digest)
    older = known[known.index(root) + 1 :] if root else known
    return next((each for each in older if each.id not in bad), None)


def ran_before(history: Sequence[Intent], ended: Intent) -> Intent | None:
    """The release that ran when a rollout began; None when that was the same version, or none is known."""
    earlier = [each for each in history if each.id != ended.id]
    last = current(earlier)
    root = _of_digest(releases(earlier), last.digest) if last else None
    return root if root and root.digest != ended.digest else None


def held(history: Sequence[Intent], digest: str) -> bool:
    """Whether a version ran there and was not taken back since."""
    root = _of_digest(releases(history), digest)
    return root is not None and root.id not in _taken_back(history)


def undone(history: Sequence[Intent], rollback: Intent) -> list[Intent]:
    """Versions that no longer run because of a rollback, the one it was asked for first.

    What an earlier rollback has taken back is not among them: it did not run any more.
    """
    earlier = [each for each in history if each.id != rollback.id]
    known, bad = releases(earlier), _taken_back(earlier)
    root = _of_digest(known, rollback.digest)
    newer = [each for each in known[: known.index(root)] if each.id not in bad] if root else []
    ended = [each for each in earlier if each.state in (State.SUCCEEDED, State.FAILED)]
    asked = [each for each in ended if each.id == rollback.undoes and each.kind is not Kind.ROLLBACK]
    return asked + [each for each in newer if each not in asked]


def root(history: Sequence[Intent], present: Intent) -> Intent:
    """The deploy whose version runs: a rollback's is the one it restored."""
    return next((each for each in history if each.id == present.restores), present)


def _of_digest(known: Sequence[Intent], digest: str) -> Intent | None:
    return next((each for each in known if each.digest == digest), None)


def _taken_back(history: Sequence[Intent]) -> set[IntentId]:
    """Ids of releases from which a rollback led away, those it passed over too, and to which none led back."""
    bad: set[IntentId] = set()
    oldest_first = history[::-1]
    for place, rollback in enumerate(oldest_first):
        if rollback.kind is not Kind.ROLLBACK or rollback.state is not State.SUCCEEDED:
            continue
        for each in reversed(oldest_first[:place]):
            if _is_release(each) and each.digest == rollback.digest:
                break
            bad.add(each.id)
        bad -= {each.id for each in oldest_first[:place] if each.digest == rollback.digest}
    return bad


def _is_release(intent: Intent) -> bool:
    return intent.state is State.SUCCEEDED and intent.kind is not Kind.ROLLBACK and bool(intent.digest)
