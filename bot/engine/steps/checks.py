"""waiting_checks: does the commit's gate allow it?"""

from collections.abc import Sequence

from bot.domain.gate import Decision, Required, decide
from bot.domain.gate import Outcome as GateOutcome
from bot.domain.intent import Intent, State
from bot.engine.outcome import CatalogRow, Move, Outcome, Stay, look_again
from bot.engine.tools import Tools


async def read_gate(tools: Tools, row: CatalogRow, intent: Intent) -> Decision:
    """The gate's answer from a fresh read of everything reported on the commit."""
    policy = row.app.checks
    required: Sequence[Required] | None = [Required(name=name) for name in policy.require] or None
    if required is None and not policy.none:
        required = list(await tools.github.required_checks(intent.repository, intent.branch)) or None
    checks = await tools.github.checks(intent.repository, intent.sha)
    return decide(
        checks,
        required=required,
        ignore=policy.ignore,
        none_allowed=policy.none,
        own_app_id=tools.own_app_id,
        now=tools.clock(),
    )


async def run(tools: Tools, row: CatalogRow, intent: Intent) -> Outcome:
    decision = await read_gate(tools, row, intent)
    late = intent.deadline_at is not None and tools.clock() >= intent.deadline_at
    match decision.outcome:
        case GateOutcome.PASS:
            return Move(state=State.RESOLVING_IMAGE, detail=decision.sentence)
        case GateOutcome.FAIL:
            return Move(state=State.REFUSED, reason="checks_failed", detail=decision.sentence)
        case GateOutcome.PENDING | GateOutcome.UNKNOWN if late:
            detail = f"gave up {decision.sentence} after {row.app.checks_deadline}"
            return Move(state=State.REFUSED, reason="checks_deadline", detail=detail)
        case _:
            return Stay(detail=decision.sentence, again_in=look_again(intent.state))
