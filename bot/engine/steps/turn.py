"""Whose turn it is on a target: one at a time, people in the order they asked, automation only with its newest commit.

Newest is decided by ancestry, never by time.
"""

import re

from bot.domain.intent import Intent, Kind, State
from bot.domain.workload import ANNOTATION_COMMIT, Workload
from bot.engine import origin
from bot.engine.outcome import Ending, Move, Stay, look_again
from bot.engine.ports import Ancestry
from bot.engine.tools import Tools

QUEUED = "queued"
_SHA = re.compile(r"[0-9a-f]{40}")


async def take(tools: Tools, intent: Intent, others: list[Intent]) -> Move | Stay | tuple[Ending, ...]:
    """The intents that end because this one starts; or why it does not start. `others` are open on its target."""
    endings: tuple[Ending, ...] = ()
    if intent.kind is Kind.AUTOMATIC:
        coalesced = await _coalesce(tools, intent, [one for one in others if one.kind is Kind.AUTOMATIC])
        if isinstance(coalesced, Move):
            return coalesced
        endings = coalesced
    ahead = [one for one in others if _is_ahead(one, intent) and one.id not in {ending.intent.id for ending in endings}]
    return behind(ahead) if ahead else endings


async def _coalesce(tools: Tools, intent: Intent, others: list[Intent]) -> Move | tuple[Ending, ...]:
    """End what is older, give way to what is newer; what can't be compared stays."""
    endings = []
    for other in others:
        match await relation(tools, intent, base=other.sha, head=intent.sha):
            case "ahead":
                endings.append(_ending(other, newer=intent))
            case "behind" if other.state is State.ROLLING_OUT or _is_ready(other):
                return superseded(f"{name(other)} is newer and ready too")
            case _:
                continue
    return tuple(endings)


def _is_ready(other: Intent) -> bool:
    """Whether it waits for nothing but its turn."""
    return other.state is State.QUEUED and other.reason in ("", QUEUED)


def _is_ahead(other: Intent, intent: Intent) -> bool:
    """What rolls out, and who asked before. What waits for something else than its turn holds up nobody."""
    if other.state is State.ROLLING_OUT:
        return True
    return other.kind is not Kind.AUTOMATIC and other.id < intent.id and _is_ready(other)


def behind(ahead: list[Intent]) -> Stay:
    """Wait, with the place in the queue; only the last one ahead is named."""
    ordered = sorted(ahead, key=lambda one: (one.state is not State.ROLLING_OUT, one.id))
    last = ordered[-1]
    doing = "being rolled out" if last.state is State.ROLLING_OUT else "waiting too"
    detail = f"no. {len(ordered) + 1}, behind {name(last)}, which is {doing}"
    return Stay(detail=detail, reason=QUEUED, again_in=look_again(State.QUEUED))


async def relation(tools: Tools, intent: Intent, *, base: str, head: str) -> Ancestry:
    """How one commit of the intent's repository lies to another; the same one is not asked about."""
    return "identical" if base == head else await origin.relation(tools.github, intent.repository, base=base, head=head)


def name(intent: Intent) -> str:
    """`#123` or the commit, as people know it."""
    return f"#{intent.pull_request}" if intent.pull_request else intent.short_sha


def superseded(detail: str) -> Move:
    return Move(state=State.SUPERSEDED, reason="superseded", detail=detail)


def _ending(other: Intent, *, newer: Intent) -> Ending:
    return Ending(intent=other, state=State.SUPERSEDED, reason="superseded", detail=f"superseded by {name(newer)}")


def annotated_commit(workload: Workload) -> str:
    """What an earlier life of this bot deployed, when the database does not know."""
    commit = workload.annotations.get(ANNOTATION_COMMIT, "")
    return commit if _SHA.fullmatch(commit) else ""
