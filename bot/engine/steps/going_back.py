"""A rollback's turn: past the queue and the checks. Ours gives way to everybody, a person's ends what is running."""

from bot.domain.intent import Facts, Intent, Kind, State
from bot.domain.workload import ANNOTATION_INTENT
from bot.engine.outcome import Ending, Move, Outcome
from bot.engine.steps import turn
from bot.engine.tools import Tools
from bot.engine.undo import is_coming
from bot.storage import intents


async def run(tools: Tools, intent: Intent) -> Outcome:
    workload = await tools.cluster.read(intent.target)
    async with tools.database.begin() as connection:
        others = [one for one in await intents.open_on_target(connection, intent.target.key) if one.id != intent.id]
    endings: tuple[Ending, ...] = ()
    if intent.actor:
        newer = [one for one in others if one.undoes and one.actor and one.id > intent.id]
        if newer:
            return turn.superseded(f"{newer[0].actor} asked for another rollback meanwhile")
        endings = tuple(_ended(one, intent) for one in others if one.state is State.ROLLING_OUT or one.undoes)
    elif others := [one for one in others if _is_coming(one)]:
        return turn.superseded(f"{turn.name(others[0])} is on its way")
    elif workload.annotations.get(ANNOTATION_INTENT) != str(intent.undoes):
        return turn.superseded("somebody else has changed the workload meanwhile")
    return Move(
        state=State.ROLLING_OUT,
        detail=f"going back to {intent.short_sha} in {intent.target.namespace}",
        facts=Facts(
            workload_uid=workload.uid,
            previous_image=workload.images[intent.target.container],
            previous_sha=turn.annotated_commit(workload),
        ),
        endings=endings,
    )


def _is_coming(other: Intent) -> bool:
    """Automation is held by our own hold; what people asked for, and what rolls out, goes first."""
    return other.state is State.ROLLING_OUT or (other.kind is not Kind.AUTOMATIC and is_coming(other))


def _ended(other: Intent, intent: Intent) -> Ending:
    detail = f"superseded by a rollback of {intent.actor}"
    return Ending(intent=other, state=State.SUPERSEDED, reason="superseded", detail=detail)
