"""What was seen of a failure: one paragraph a finding, said once however many pods it is in."""

from collections.abc import Sequence

from bot.domain.intent import Evidence, Intent
from bot.report.markdown import code, fence, prose


def findings_lines(intent: Intent) -> list[str]:
    """The findings of an intent as lines of Markdown, a blank one between paragraphs; empty without evidence.

    Pods that fail alike are one finding, with the log of the first. A next step comes after the last that needs it.
    """
    groups = _alike(intent.evidence)
    paragraphs = _verdict(intent)
    for index, group in enumerate(groups):
        first = group[0]
        paragraphs.append(_sentence(group, intent.detail))
        if first.log_lines:
            paragraphs.append(fence(first.log_lines))
        later = {other[0].next_step for other in groups[index + 1 :]}
        if first.next_step and first.next_step not in later:
            paragraphs.append(prose(first.next_step))
    return [line for paragraph in paragraphs for line in ("", paragraph)][1:]


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
    where = f" ({'first ' if len(group) > 1 else ''}pod {code(first.pod)})" if first.pod else ""
    words = f": {code(first.words)}" if first.words else "."
    return f"{capital(prose(text))}{where}{words}"


def capital(text: str) -> str:
    """With a capital at its front, as a sentence begins."""
    return text[:1].upper() + text[1:]
