"""The living comment of a pull request, and the new one where a person must act."""

from collections.abc import Sequence

from bot.domain.gate import REOPENED_BY
from bot.domain.intent import Intent, Kind, State
from bot.report import rollback
from bot.report.findings import capital, findings_lines
from bot.report.markdown import MAX_SIZE, code, fitting, lasting, plain, prose, size
from bot.report.view import View

HEADLINE = "### Greenlane"
_HOLDS_SIZE = 4_000
_COMMANDS = "`/deploy` · `/rollback` · `/status` · `/why` · `/help`"
_HOW = {
    "deadline": "did not become ready",
    "progress_deadline_exceeded": "did not become ready",
    "not_ready": "did not become ready",
    "digest_mismatch": "failed",
    "workload_deleted": "failed",
    "workload_recreated": "failed",
}
"""How a failed rollout is summed up, by reason."""


def living_marker(repository_id: int, number: int) -> str:
    """How our comment is found again; invisible on the page."""
    return f"<!-- greenlane:living:{repository_id}:{number} -->"


def notice_marker(intent_id: int) -> str:
    return f"<!-- greenlane:notice:{intent_id} -->"


def living(views: Sequence[View], *, marker: str, notes: Sequence[str] = ()) -> str:
    """The table of environments with a folded timeline; `views` is the newest intent per app and environment.

    `notes` are lines of Markdown about what is kept for the pull request.
    """
    several = len({view.intent.app for view in views}) > 1
    rows = [_row(view, several=several) for view in views]
    table = [
        "| environment | | version | |",
        "| --- | --- | --- | --- |",
        *fitting(rows, room=MAX_SIZE // 2, left_out="| … {} more … | | | |"),
    ]
    holds = [part for line in dict.fromkeys(view.hold_line() for view in views) if line for part in (line, "")]
    said = [*(table if views else []), "", *fitting([*holds, *_apart(notes)], room=_HOLDS_SIZE)]
    top, end = "\n".join([HEADLINE, marker, "", *said]), f"\n{_COMMANDS}"
    if not views:
        return f"{top}\n{end}"
    room = MAX_SIZE - size(top) - size(end) - len("\n\n")
    return "\n".join([top, *_timelines(views, several=several, room=room), end])


def _apart(lines: Sequence[str]) -> list[str]:
    """Each a paragraph."""
    return [part for line in lines for part in (line, "")]


def _row(view: View, *, several: bool) -> str:
    links = [f"[check]({view.check_url})"] if not view.intent.state.is_open else []
    if view.environment_url and view.intent.state is State.SUCCEEDED:
        links.append(f"[open]({view.environment_url})")
    return f"| {_name(view, several=several)} | {view.standing()} | {view.version()} | {' · '.join(links)} |"


def _name(view: View, *, several: bool) -> str:
    environment = f"**{plain(view.intent.environment)}**"
    return f"{environment} {code(view.intent.app)}" if several else environment


def _timelines(views: Sequence[View], *, several: bool, room: int) -> list[str]:
    """Folded; each environment has the same share of the room."""
    before, after = ["<details><summary>Timeline</summary>", ""], ["</details>"]
    share = (room - size("\n".join([*before, *after, ""]))) // max(1, len(views))
    lines: list[str] = []
    for view in views:
        title = [_name(view, several=several), ""] if len(views) > 1 else []
        history = fitting(view.history(), room=share - size("\n".join([*title, "", ""])))
        lines += [*title, *history, ""]
    return [*before, *lines, *after] if size("\n".join([*before, *lines, *after])) <= room else []


def notice(view: View, *, marker: str) -> str:
    """A failure or refusal: state, why with evidence, the next step."""
    intent = view.intent
    top = "\n".join([_head(view), marker, ""])
    end = "\n".join(["", next_line(view)])
    room = MAX_SIZE - size(top) - size(end) - len("\n\n")
    body = findings_lines(intent, room=room) or [_bare(intent)]
    return "\n".join([top, *body, end])


def _head(view: View) -> str:
    intent = view.intent
    if intent.kind is Kind.ROLLBACK:
        return rollback.notice_head(intent, version=view.commit_link(intent))
    name = f"{plain(intent.environment)}: {code(intent.app)}"
    match intent.state:
        case State.FAILED:
            back = view.commit_link(view.rollback) if view.rollback else ""
            after = (
                f" ({lasting(intent.state_since - intent.patched_at)} after the update)" if intent.patched_at else ""
            )
            stands = rollback.aftermath(intent, view.rollback, version=back)
            return f"❌ **{name} {_how(intent)}** with {view.version()}{after}{stands}."
        case State.REFUSED:
            return f"⛔ **{name} was not deployed**, nothing was changed: {view.version()}"
        case _:
            return f"❔ **{name}: the end could not be seen**: {view.version()}"


def _how(intent: Intent) -> str:
    if intent.reason == "crash_loop" and "right after start" not in intent.detail:
        return "did not stay up"
    return _HOW.get(intent.reason, "did not start")


def _bare(intent: Intent) -> str:
    """Without evidence: why, and where that was."""
    target = intent.target
    return (
        f"{capital(prose(intent.detail.rstrip('.')))}. It is about {code(target.workload)} in {code(target.namespace)}."
    )


def next_line(view: View) -> str:
    """What a person does now."""
    intent = view.intent
    hold = view.hold_line()
    if intent.state is State.UNKNOWN or (intent.kind is Kind.ROLLBACK and intent.state is State.FAILED):
        parts = [f"Look with {code(f'kubectl -n {intent.target.namespace} get {intent.target.workload}')}.", hold]
    elif intent.state is State.FAILED and view.rollback is None and rollback.can_go_back(intent):
        parts = [rollback.undo_line(intent), hold or _mend(intent, again=view.command("deploy"))]
    else:
        parts = [_mend(intent, again=view.command("deploy")), hold]
    return " ".join(filter(None, parts))


def _mend(intent: Intent, *, again: str) -> str:
    """`again` is the command that tries the same commit once more."""
    if intent.state is State.REFUSED and intent.reason in REOPENED_BY:
        return "Mend it and merge again. Or run CI again on this commit: the same deploy goes on."
    if intent.reason == "older_commit":
        return "`/status` says what runs there."
    if intent.kind is Kind.MANUAL:
        return f"Mend it, then {code(again)}."
    return f"Fix and merge, or {code(again)} to try the same version again."
