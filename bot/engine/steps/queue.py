"""queued: is it this intent's turn, and is it still the newest wish for its target?

Newest is decided by ancestry, never by time. A rollback may go back, and asks neither the branch nor the checks.
"""

import re
from datetime import timedelta

from bot.domain.gate import Outcome as GateOutcome
from bot.domain.intent import Facts, Intent, Kind, State
from bot.domain.workload import ANNOTATION_COMMIT, ANNOTATION_INTENT, Workload
from bot.engine.outcome import CatalogRow, Ending, Move, Outcome, Stay, look_again
from bot.engine.ports import Ancestry
from bot.engine.steps.checks import read_gate
from bot.engine.tools import Tools
from bot.errors import RejectedError
from bot.storage import holds, intents

QUEUED = "queued"
ON_HOLD = "on_hold"
LONGEST_HOLD = timedelta(days=7)
"""How long an automatic deploy waits for a hold to end."""
_SHA = re.compile(r"[0-9a-f]{40}")


async def run(tools: Tools, row: CatalogRow, intent: Intent) -> Outcome:
    if intent.kind is Kind.ROLLBACK:
        return await _go_back(tools, intent)
    return await _on_hold(tools, intent) or await _go_on(tools, row, intent)


async def _on_hold(tools: Tools, intent: Intent) -> Outcome | None:
    """Automation waits for the person who ends the hold, for at most a week."""
    async with tools.database.begin() as connection:
        hold = await holds.current(connection, team=intent.team, app=intent.app, environment=intent.environment)
    if hold is None:
        return None
    why = f"automatic deploys are on hold since {hold.set_at:%Y-%m-%d %H:%M} UTC ({hold.reason})"
    detail = f"{why}; `greenlane resume {intent.team}/{intent.app} {intent.environment}` lets them go on"
    until = intent.state_since + LONGEST_HOLD
    return Stay(detail=detail, reason=ON_HOLD, again_in=look_again(State.QUEUED), facts=Facts(deadline_at=until))


async def _go_back(tools: Tools, intent: Intent) -> Outcome:
    """A rollback of ours only mends what we broke: it gives way to whoever came meanwhile."""
    workload = await tools.cluster.read(intent.target)
    async with tools.database.begin() as connection:
        others = [one for one in await intents.open_on_target(connection, intent.target.key) if one.id != intent.id]
    if others:
        return _superseded(f"{others[0].short_sha} is on its way")
    if workload.annotations.get(ANNOTATION_INTENT) != str(intent.undoes):
        return _superseded("somebody else has changed the workload meanwhile")
    return _start(intent, workload, endings=(), present=_annotated_commit(workload))


async def _go_on(tools: Tools, row: CatalogRow, intent: Intent) -> Outcome:
    if await _relation(tools, intent, base=intent.sha, head=intent.branch) not in ("ahead", "identical"):
        detail = f"{intent.short_sha} is no longer part of {intent.branch}"
        return Move(state=State.REFUSED, reason="not_on_branch", detail=detail)
    workload = await tools.cluster.read(intent.target)
    async with tools.database.begin() as connection:
        others = [one for one in await intents.open_on_target(connection, intent.target.key) if one.id != intent.id]
        touched = await intents.last_touching(connection, target_key=intent.target.key, except_id=intent.id)
    annotated = _annotated_commit(workload)
    present = touched.sha if touched else annotated
    for newer in {present, annotated} - {""}:
        if await _relation(tools, intent, base=newer, head=intent.sha) == "behind":
            return _superseded(f"{newer[:7]}, which is newer, was deployed here already")
    outcome = await _take_turn(tools, intent, others=others, workload=workload, present=present)
    if isinstance(outcome, Move) and outcome.state is State.ROLLING_OUT:
        # It may have waited here for a while: what holds now is what counts.
        decision = await read_gate(tools, row, intent)
        if decision.outcome is not GateOutcome.PASS:
            return Move(state=State.WAITING_CHECKS, detail=decision.sentence)
    return outcome


async def _take_turn(
    tools: Tools, intent: Intent, *, others: list[Intent], workload: Workload, present: str
) -> Outcome:
    """Start, ending what is older; give way to what is newer; wait for what can't be compared."""
    endings = []
    for other in others:
        match await _relation(tools, intent, base=other.sha, head=intent.sha):
            case "ahead":
                endings.append(_ending(other, newer=intent))
            case "behind" if other.state in (State.QUEUED, State.ROLLING_OUT):
                return _superseded(f"{other.short_sha} is newer and ready too")
            case _ if other.state is State.ROLLING_OUT:
                detail = f"waiting behind {other.short_sha}, which is being rolled out"
                return Stay(detail=detail, reason=QUEUED, again_in=look_again(State.QUEUED))
            case _:
                continue
    return _start(intent, workload, endings=tuple(endings), present=present)


def _start(intent: Intent, workload: Workload, *, endings: tuple[Ending, ...], present: str) -> Move:
    facts = Facts(
        workload_uid=workload.uid,
        previous_image=workload.images[intent.target.container],
        previous_sha=present,
    )
    return Move(
        state=State.ROLLING_OUT,
        detail=f"updating {intent.target.workload} in {intent.target.namespace}",
        facts=facts,
        endings=endings,
    )


async def _relation(tools: Tools, intent: Intent, *, base: str, head: str) -> Ancestry:
    """How `head` lies to `base`; a commit that is gone from the repository counts as diverged."""
    if base == head:
        return "identical"
    try:
        return await tools.github.ancestry(intent.repository, base=base, head=head)
    except RejectedError as error:
        if error.reason == "github_not_found":
            return "diverged"
        raise


def _annotated_commit(workload: Workload) -> str:
    """What an earlier life of this bot deployed, when the database does not know."""
    commit = workload.annotations.get(ANNOTATION_COMMIT, "")
    return commit if _SHA.fullmatch(commit) else ""


def _superseded(detail: str) -> Move:
    return Move(state=State.SUPERSEDED, reason="superseded", detail=detail)


def _ending(other: Intent, *, newer: Intent) -> Ending:
    by = f"#{newer.pull_request}" if newer.pull_request else newer.short_sha
    return Ending(intent=other, state=State.SUPERSEDED, reason="superseded", detail=f"superseded by {by}")


RACE = Stay(detail="another rollout on this target has just started", reason=QUEUED, again_in=timedelta(seconds=1))
"""When the database's unique index, and not our look, said that the target is taken."""
