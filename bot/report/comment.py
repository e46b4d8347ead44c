"""The living comment of a pull request, and the new one where a person must act."""

from collections.abc import Sequence

from bot.domain.gate import REOPENED_BY
from bot.domain.intent import Intent, State
from bot.report.findings import capital, findings_lines
from bot.report.markdown import code, cut, lasting, plain, prose
from bot.report.view import View

HEADLINE = "### Greenlane"


def living_marker(repository_id: int, number: int) -> str:
    """How our comment is found again; invisible on the page."""
    return f"<!-- greenlane:living:{repository_id}:{number} -->"


def notice_marker(intent_id: int) -> str:
    return f"<!-- greenlane:notice:{intent_id} -->"


def living(views: Sequence[View], *, marker: str) -> str:
    """The table of environments with a folded timeline; `views` is the newest intent per app and environment."""
    several = len({view.intent.app for view in views}) > 1
    rows = [_row(view, several=several) for view in views]
    table = ["| environment | | version | |", "| --- | --- | --- | --- |", *rows]
    return cut("\n".join([HEADLINE, marker, "", *table, "", *_timelines(views, several=several)]))


def _row(view: View, *, several: bool) -> str:
    links = [f"[check]({view.check_url})"] if not view.intent.state.is_open else []
    if view.environment_url and view.intent.state is State.SUCCEEDED:
        links.append(f"[open]({view.environment_url})")
    return f"| {_name(view, several=several)} | {view.standing()} | {view.version()} | {' · '.join(links)} |"


def _name(view: View, *, several: bool) -> str:
    environment = f"**{plain(view.intent.environment)}**"
    return f"{environment} {code(view.intent.app)}" if several else environment


def _timelines(views: Sequence[View], *, several: bool) -> list[str]:
    lines = ["<details><summary>Timeline</summary>", ""]
    for view in views:
        title = [f"{_name(view, several=several)}", ""] if len(views) > 1 else []
        lines += [*title, *view.history(), ""]
    return [*lines, "</details>"]


def notice(view: View, *, marker: str) -> str:
    """A failure or refusal: state, why with evidence, the next step."""
    intent = view.intent
    name = f"{plain(intent.environment)}: {code(intent.app)}"
    match intent.state:
        case State.FAILED:
            after = (
                f" ({lasting(intent.state_since - intent.patched_at)} after the update)" if intent.patched_at else ""
            )
            head = f"❌ **{name} did not come up**{after}: {view.version()}"
        case State.REFUSED:
            head = f"⛔ **{name} was not deployed**, nothing was changed: {view.version()}"
        case _:
            head = f"❔ **{name}: the end could not be seen**: {view.version()}"
    body = findings_lines(intent) or [_bare(intent)]
    return cut("\n".join([head, marker, "", *body, "", next_line(view)]))


def _bare(intent: Intent) -> str:
    """Without evidence: why, and where that was."""
    target = intent.target
    return (
        f"{capital(prose(intent.detail.rstrip('.')))}. It is about {code(target.workload)} in {code(target.namespace)}."
    )


def next_line(view: View) -> str:
    """What a person does now."""
    intent = view.intent
    if intent.state is State.UNKNOWN:
        return f"Look with {code(f'kubectl -n {intent.target.namespace} get {intent.target.workload}')}."
    if any(item.next_step for item in intent.evidence):
        return "A fix that is merged is deployed by itself."
    again = intent.state is State.REFUSED and intent.reason in REOPENED_BY
    more = " Or run CI again on this commit: the same deploy goes on." if again else ""
    return f"Mend it and merge again: the new commit is deployed by itself.{more}"
