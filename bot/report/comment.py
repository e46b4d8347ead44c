"""The living comment of a pull request, and the new one where a person must act."""

from collections.abc import Sequence

from bot.domain.intent import Evidence, State
from bot.report.markdown import code, cut, fence, lasting, plain, prose
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
    body = [part for item in intent.evidence for part in evidence_lines(item)] or [prose(intent.detail)]
    return cut("\n".join([head, marker, "", *body, "", next_line(view)]))


def evidence_lines(item: Evidence) -> list[str]:
    """One finding: the sentence, the last words."""
    lines = [_sentence(item)]
    if item.log_lines:
        lines += ["", fence(item.log_lines)]
    if item.next_step:
        lines += ["", prose(item.next_step)]
    return lines


def _sentence(item: Evidence) -> str:
    where = f" (pod {code(item.pod)})" if item.pod else ""
    words = f": {code(item.words)}" if item.words else "."
    text = prose(item.sentence)
    return f"{text[:1].upper()}{text[1:]}{where}{words}"


def next_line(view: View) -> str:
    """What a person does now."""
    intent = view.intent
    if intent.state is State.UNKNOWN:
        return f"Look with {code(f'kubectl -n {intent.target.namespace} get {intent.target.workload}')}."
    if any(item.next_step for item in intent.evidence):
        return "A fix that is merged is deployed by itself."
    return "Mend it and merge again: the new commit is deployed by itself."
