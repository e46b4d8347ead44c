"""queued: may it start, is it its turn, and is it still the commit that was asked for?

Everything is read here once more, because it may have waited for hours: the pull request's head, the person's rights,
the checks, and what other people have set meanwhile. A rollback asks for the rights only.
"""

from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.catalog import MergedBy
from bot.domain.command import Verb
from bot.domain.gate import Outcome as GateOutcome
from bot.domain.intent import Facts, Intent, IntentId, Kind, State
from bot.domain.people import Person
from bot.domain.policy import Wait
from bot.domain.releases import releases
from bot.domain.workload import Workload
from bot.engine import origin, rights
from bot.engine.outcome import CatalogRow, Ending, Move, Outcome, Stay, look_again
from bot.engine.situation import what_waits, what_waits_here
from bot.engine.steps import going_back, turn
from bot.engine.steps.checks import read_gate
from bot.engine.steps.turn import QUEUED
from bot.engine.tools import Tools
from bot.storage import intents

LONGEST_WAIT = timedelta(days=7)
"""How long an intent waits for people: for a hold, a lock, a window, an approval."""
LOOK_SELDOM = timedelta(minutes=10)
"""How often to look at what has an end of its own, or whose end is a hint."""
LOOK_BACK = 50
_HINTED = frozenset({"stopped", "on_hold", "locked", "window_closed"})


async def run(tools: Tools, row: CatalogRow, intent: Intent) -> Outcome:
    if intent.kind is Kind.ROLLBACK:
        return await _denied(tools, row, intent) or await going_back.run(tools, intent)
    async with tools.database.begin() as connection:
        waiting = await what_waits_here(connection, tools, row, intent)
    if waiting:  # for people, maybe for days: nobody else is asked meanwhile
        return await _overtaken(tools, intent) or wait_for(tools, intent, waiting)
    problem = await origin.problem_at_start(tools.github, intent)
    if problem is not None:
        reason, detail = problem
        return _refuse(reason, detail)
    return await _take_turn(tools, row, intent)


async def _take_turn(tools: Tools, row: CatalogRow, intent: Intent) -> Outcome:
    workload = await tools.cluster.read(intent.target)
    present, newer = await _present(tools, intent, workload)
    if newer:
        return await _passed_over(tools, intent, newer)
    waiting = await what_waits(tools, row, intent)
    if waiting:
        return wait_for(tools, intent, waiting)
    async with tools.database.begin() as connection:
        before = await intents.last_touching(connection, target_key=intent.target.key, except_id=intent.id)
    endings = await turn.take(tools, intent, await _others(tools, intent))
    if not isinstance(endings, tuple):
        return endings
    return await _not_any_more(tools, row, intent) or start(
        tools, row, intent, workload, endings=endings, present=present, before=before.id if before else None
    )


async def _overtaken(tools: Tools, intent: Intent) -> Move | None:
    """Of automatic ones that wait for the same end only the newest stays."""
    if intent.kind is not Kind.AUTOMATIC:
        return None
    for other in await _others(tools, intent):
        waits_too = other.state is State.QUEUED and other.reason in _HINTED
        if other.kind is Kind.AUTOMATIC and waits_too and other.id > intent.id:
            relation = await turn.relation(tools, intent, base=other.sha, head=intent.sha)
            if relation == "behind":
                return turn.superseded(f"{turn.name(other)} is newer and waits too")
    return None


async def _others(tools: Tools, intent: Intent) -> list[Intent]:
    async with tools.database.begin() as connection:
        found = await intents.open_on_target(connection, intent.target.key)
    return [one for one in found if one.id != intent.id]


async def _present(tools: Tools, intent: Intent, workload: Workload) -> tuple[str, str]:
    """The commit that runs, and the one that is newer than ours, if one of those deployed here is.

    What ran before a commit that was only tried, of a pull request, counts too: until a rollback led away from it.
    """
    annotated = turn.annotated_commit(workload)
    async with tools.database.begin() as connection:
        history = await intents.history(connection, target_key=intent.target.key, limit=LOOK_BACK)
    touched = [each for each in history if each.id != intent.id]
    present = touched[0].sha if touched else annotated
    for newer in dict.fromkeys([present, annotated, *_since_rollback(touched)]):
        if newer and await turn.relation(tools, intent, base=newer, head=intent.sha) == "behind":
            return present, newer
    return present, ""


def _since_rollback(touched: list[Intent]) -> list[str]:
    """Commits that reached the target after the last rollback, newest first, up to one of the branch itself."""
    found = []
    for each in touched:
        found.append(each.sha)
        if each.kind is not Kind.MANUAL:
            break
    return found


async def _passed_over(tools: Tools, intent: Intent, newer: str) -> Move:
    said = f"{newer[:7]}, which is newer, was deployed here already"
    if intent.kind is Kind.AUTOMATIC:
        return turn.superseded(said)
    async with tools.database.begin() as connection:
        history = await intents.history(connection, target_key=intent.target.key)
    if intent.sha in {each.sha for each in releases(history)}:
        said += f"; `/rollback {_place(tools, intent)} to {intent.short_sha}` goes back on purpose"
    return _refuse("older_commit", said)


def wait_for(tools: Tools, intent: Intent, waiting: tuple[Wait, ...]) -> Stay:
    """Wait for what people have set, for at most a week, and look when its time is over."""
    first, now = waiting[0], tools.clock()
    again_in = LOOK_SELDOM if first.reason in _HINTED else look_again(State.QUEUED)
    if first.until is not None:
        again_in = max(timedelta(seconds=1), min(again_in, first.until - now))
    facts = Facts(deadline_at=intent.state_since + LONGEST_WAIT)
    return Stay(detail=first.sentence, reason=first.reason, again_in=again_in, facts=facts)


async def _not_any_more(tools: Tools, row: CatalogRow, intent: Intent) -> Outcome | None:
    """It may have waited here for a while: rights and checks that hold now are what counts."""
    denied = await _denied(tools, row, intent)
    if denied is not None:
        return denied
    decision = await read_gate(tools, row, intent)
    if decision.outcome is not GateOutcome.PASS:
        return Move(state=State.WAITING_CHECKS, detail=decision.sentence)
    return None


async def _denied(tools: Tools, row: CatalogRow, intent: Intent) -> Move | None:
    """Who asked may have lost the right; whose merge it was may never have had it. Our own rollback needs none."""
    asked = intent.kind is not Kind.AUTOMATIC
    if row.environment.merged_by is MergedBy.ANYONE if not asked else not intent.actor:
        return None
    if intent.actor_id is None:
        sentence = "GitHub does not say who merged it, and here only deployers' merges are deployed"
        return _refuse("merger_unknown", sentence)
    denied = await rights.objection(
        tools.github,
        tools.catalog,
        intent.repository,
        Person(id=intent.actor_id, login=intent.actor),
        Verb.ROLLBACK if intent.kind is Kind.ROLLBACK else Verb.DEPLOY,
        app=row.app,
        environment=row.environment,
        hotfix=bool(intent.hotfix),
    )
    if denied is None:
        return None
    if asked:
        return _refuse(denied.reason, f"{intent.actor} may no longer deploy here: {denied.sentence}")
    line = f"/deploy {_place(tools, intent)}"
    detail = f"{intent.actor}, who merged it, may not deploy here: {denied.sentence}; `{line}`"
    return _refuse(denied.reason, f"{detail} by somebody who may starts it")


def _place(tools: Tools, intent: Intent) -> str:
    """As it has to be typed: with the app where a repository has several."""
    several = tools.catalog.has_several_apps(intent.repository.full_name, intent.repository.id)
    return f"{intent.environment} {intent.app}" if several else intent.environment


def _refuse(reason: str, detail: str) -> Move:
    return Move(state=State.REFUSED, reason=reason, detail=detail)


def start(
    tools: Tools,
    row: CatalogRow,
    intent: Intent,
    workload: Workload,
    *,
    endings: tuple[Ending, ...],
    present: str,
    before: IntentId | None,
) -> Move:
    """Begin the rollout, unless somebody has set something, or deployed something, in this very moment."""

    async def unless(connection: AsyncConnection) -> Stay | None:
        touched = await intents.last_touching(connection, target_key=intent.target.key, except_id=intent.id)
        if (touched.id if touched else None) != before:
            return RACE
        waiting = await what_waits_here(connection, tools, row, intent)
        return wait_for(tools, intent, waiting) if waiting else None

    return Move(
        state=State.ROLLING_OUT,
        detail=f"updating {intent.target.workload} in {intent.target.namespace}",
        facts=Facts(
            workload_uid=workload.uid,
            previous_image=workload.images[intent.target.container],
            previous_sha=present,
        ),
        endings=endings,
        unless=unless,
    )


RACE = Stay(detail="another rollout on this target has just started", reason=QUEUED, again_in=timedelta(seconds=1))
"""When the database's unique index, and not our look, said that the target is taken."""
