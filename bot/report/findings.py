"""What was seen of a failure: one paragraph a finding, said once however many pods it is in."""

from collections.abc import Sequence

from bot.domain.intent import Evidence, Intent
from bot.report.markdown import code, fence, prose, size

_FENCE_ROOM = 100
"""Bytes: in less than that, no line of a log is worth its fence."""


def findings_lines(intent: Intent, *, room: int) -> list[str]:
    """The findings of an intent as lines of Markdown, a blank one between paragraphs; empty without evidence.

    Pods that fail alike are one finding, with the log of the first. A next step comes after the last that needs it.
    Logs are what is cut where all does not fit in `room` bytes.
    """
    bare = _paragraphs(intent, {})
    groups = _alike(intent.evidence)
    fences = _fences([group[0].log_lines for group in groups], room=room - size("\n\n".join(bare)))
    paragraphs = _paragraphs(intent, fences) if fences else bare
    return [line for paragraph in paragraphs for line in ("", paragraph)][1:]


def _paragraphs(intent: Intent, fences: dict[int, str]) -> list[str]:
    groups = _alike(intent.evidence)
    paragraphs = _verdict(intent)
    for index, group in enumerate(groups):
        first = group[0]
        paragraphs.append(_sentence(group, intent.detail))
        if index in fences:
            paragraphs.append(fences[index])
        later = {other[0].next_step for other in groups[index + 1 :]}
        if first.next_step and first.next_step not in later:
            paragraphs.append(prose(first.next_step))
    return paragraphs


def _fences(logs: Sequence[Sequence[str]], *, room: int) -> dict[int, str]:
    """Each log in its share of the room, by its index; the short ones first, for they leave some to the long ones."""
    made: dict[int, str] = {}
    waiting = sorted((index for index, log in enumerate(logs) if log), key=lambda index: size("".join(logs[index])))
    for left, index in zip(range(len(waiting), 0, -1), waiting, strict=True):
        share = room // left - len("\n\n")
        block = fence(logs[index], room=share) if share >= _FENCE_ROOM else ""
        if block:
            made[index] = block
            room -= size(block) + len("\n\n")
    return made


def _verdict(intent: Intent) -> list[str]:
    """Why it ended, where that is none of the findings: they explain a deadline and do not name it."""
    if not intent.evidence or any(item.reason == intent.reason for item in intent.evidence):
        return []
    own, *_ = intent.detail.split(f"; {intent.evidence[0].sentence}")
    return [f"{capital(prose(own.rstrip('.')))}."]


def _alike(evidence: Sequence[Evidence]) -> list[list[Evidence]]:
    groups: dict[tuple[str, str, str, int | None, str], list[Evidence]] = {}
    for item in evidence:
        key = (item.reason, item.container, item.sentence, item.exit_code, item.next_step)
        groups.setdefault(key, []).append(item)
    return list(groups.values())


def _sentence(group: Sequence[Evidence], detail: str) -> str:
    """Evidence is kept of a few pods only: the verdict's own sentence, where it is about this, knows of how many."""
    first = group[0]
    spread = f", in {len(group)} new pods" if len(group) > 1 else ""
    text = detail if detail.startswith(f"{first.sentence}, in ") else first.sentence + spread
    words = f": {code(first.words)}" if first.words else "."
    return f"{capital(prose(text))}{_where(first, several=len(group) > 1)}{words}{_event(first)}"


def _where(item: Evidence, *, several: bool) -> str:
    """The pod, and the exit code where the sentence leaves it out."""
    facts = [f"{'first ' if several else ''}pod {code(item.pod)}"] if item.pod else []
    if item.exit_code is not None and f"code {item.exit_code}" not in item.sentence:
        facts.append(f"exit code {item.exit_code}")
    return f" ({', '.join(facts)})" if facts else ""


def _event(item: Evidence) -> str:
    """The cluster's last event, unless the words before it say that already."""
    event, words = " ".join(item.event.split()), " ".join(item.words.split())
    if not event or event in words or event in item.sentence:
        return ""
    end = "." if words else ""
    return f"{end} The cluster's last event: {code(event)}"


def capital(text: str) -> str:
    """With a capital at its front, as a sentence begins."""
    return text[:1].upper() + text[1:]
