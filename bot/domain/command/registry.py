"""Every command with what it takes: the grammar, the help and the pages come from this table."""

from dataclasses import dataclass
from enum import StrEnum

from bot.domain.command.model import Verb


class Part(StrEnum):
    """What may stand behind a verb. All of it may be left out."""

    ENVIRONMENT = "environment"
    APP = "app"
    SHA = "sha"
    TO = "to"
    """`to` and a deploy's number or a commit."""
    FOR = "for"
    """`for` and a duration."""
    REASON = "reason"
    """Free text."""
    HOTFIX = "--hotfix"
    """The flag, and free text to the end of the line."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CommandSpec:
    """One command as people are told about it."""

    verb: Verb
    usage: str
    summary: str
    changes: bool
    """Whether it changes anything; the others only answer."""
    takes: frozenset[Part] = frozenset()
    examples: tuple[str, ...]


_PLACE = frozenset({Part.ENVIRONMENT, Part.APP})

COMMANDS: tuple[CommandSpec, ...] = (
    CommandSpec(
        verb=Verb.DEPLOY,
        usage="/deploy [environment] [app] [sha] [--hotfix reason]",
        summary="Deploy this pull request's commit, or the one named.",
        changes=True,
        takes=_PLACE | {Part.SHA, Part.HOTFIX},
        examples=("/deploy staging", "/deploy production a1b2c3d", "/deploy production --hotfix the shop is down"),
    ),
    CommandSpec(
        verb=Verb.ROLLBACK,
        usage="/rollback [environment] [app] [to number or sha]",
        summary="Go back to the release before, or to the deploy or commit named.",
        changes=True,
        takes=_PLACE | {Part.TO},
        examples=("/rollback production", "/rollback production to #123", "/rollback staging to a1b2c3d"),
    ),
    CommandSpec(
        verb=Verb.STATUS,
        usage="/status",
        summary="Say what runs where, and what waits.",
        changes=False,
        examples=("/status",),
    ),
    CommandSpec(
        verb=Verb.WHY,
        usage="/why",
        summary="Say what a deploy waits for, or why it ended.",
        changes=False,
        examples=("/why",),
    ),
    CommandSpec(
        verb=Verb.DIFF,
        usage="/diff [environment] [app]",
        summary="Say what a deploy would bring to the environment.",
        changes=False,
        takes=_PLACE,
        examples=("/diff production",),
    ),
    CommandSpec(
        verb=Verb.LOCK,
        usage="/lock [environment] [app] [for 2h] [reason]",
        summary="Keep the environment for this pull request, for a time.",
        changes=True,
        takes=_PLACE | {Part.FOR, Part.REASON},
        examples=("/lock staging", "/lock staging for 2h testing the migration"),
    ),
    CommandSpec(
        verb=Verb.UNLOCK,
        usage="/unlock [environment] [app]",
        summary="Give a locked environment back.",
        changes=True,
        takes=_PLACE,
        examples=("/unlock staging",),
    ),
    CommandSpec(
        verb=Verb.HOLD,
        usage="/hold [environment] [app]",
        summary="Stop automatic deploys to the environment.",
        changes=True,
        takes=_PLACE,
        examples=("/hold production",),
    ),
    CommandSpec(
        verb=Verb.RESUME,
        usage="/resume [environment] [app]",
        summary="Let automatic deploys go on.",
        changes=True,
        takes=_PLACE,
        examples=("/resume production",),
    ),
    CommandSpec(
        verb=Verb.ABORT,
        usage="/abort [environment] [app]",
        summary="Stop a deploy that has not ended.",
        changes=True,
        takes=_PLACE,
        examples=("/abort staging",),
    ),
    CommandSpec(
        verb=Verb.HELP,
        usage="/help",
        summary="List the commands, and which of them you may use.",
        changes=False,
        examples=("/help",),
    ),
)

SPECS: dict[Verb, CommandSpec] = {spec.verb: spec for spec in COMMANDS}
