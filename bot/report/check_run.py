"""The check run `greenlane / <environment>` and the words of a deployment status."""

from dataclasses import dataclass
from typing import Literal

from bot.domain.intent import Kind, State
from bot.report.findings import findings_lines
from bot.report.markdown import MAX_SIZE, code, cut, fitting, plain, size
from bot.report.view import View

Conclusion = Literal["success", "failure", "neutral", "cancelled"]

CONCLUSIONS: dict[State, Conclusion] = {
    State.SUCCEEDED: "success",
    State.NEUTRAL: "neutral",
    State.FAILED: "failure",
    State.REFUSED: "failure",
    State.SUPERSEDED: "neutral",
    State.CANCELLED: "cancelled",
    State.UNKNOWN: "neutral",
}

_GOING_ON = "On the way to {} again"
_TITLES = {
    State.SUCCEEDED: "Running in {}",
    State.NEUTRAL: "Applied in {}, not verified",
    State.FAILED: "Failed in {}",
    State.REFUSED: "Not deployed to {}",
    State.SUPERSEDED: "Overtaken in {}",
    State.CANCELLED: "Cancelled in {}",
    State.UNKNOWN: "Could not see the end in {}",
}
_ROLLBACK_GOING_ON = "Going back to this commit in {}"
_ROLLBACK_TITLES = {
    State.SUCCEEDED: "Rolled back to this commit in {}",
    State.NEUTRAL: "Rolled back to this commit in {}, not verified",
    State.FAILED: "Going back to this commit failed in {}",
    State.REFUSED: "Going back to this commit was not possible in {}",
    State.SUPERSEDED: "Going back to this commit was overtaken in {}",
    State.CANCELLED: "Going back to this commit was cancelled in {}",
    State.UNKNOWN: "Could not see the end of going back to this commit in {}",
}
_TAKEN_BACK = {State.SUCCEEDED: ", now back on {}", State.FAILED: ", going back to {} failed too"}
_TIMELINE_SIZE = 20_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Output:
    """Title, summary and text, each within GitHub's limits."""

    title: str
    summary: str
    text: str


def name(view: View, *, several_apps: bool) -> str:
    """`greenlane / staging`; with the app where a repository has several."""
    intent = view.intent
    return f"greenlane / {intent.environment}" + (f" ({intent.app})" if several_apps else "")


def output(view: View) -> Output:
    """What the check run shows of an intent that has ended."""
    title = cut(_title(view), 250)
    hold = view.hold_line()
    summary = "\n".join([view.standing(), *(["", hold] if hold else []), "", "| | |", "| --- | --- |", *_facts(view)])
    timeline = "\n".join(["**Timeline**", "", *fitting(view.history(), room=_TIMELINE_SIZE)])
    room = MAX_SIZE - size(title) - size(summary) - size(timeline) - len("\n\n")
    findings = findings_lines(view.intent, room=room) if view.intent.evidence else []
    return Output(title=title, summary=summary, text="\n".join([*findings, *([""] if findings else []), timeline]))


def _title(view: View) -> str:
    intent = view.intent
    if intent.kind is Kind.ROLLBACK:
        return _ROLLBACK_TITLES.get(intent.state, _ROLLBACK_GOING_ON).format(intent.environment)
    title = _TITLES.get(intent.state, _GOING_ON).format(intent.environment)
    return title + _taken_back(view)


def _taken_back(view: View) -> str:
    """As plain text, without Markdown."""
    back = view.rollback
    if back is None or view.intent.state is not State.FAILED:
        return ""
    return _TAKEN_BACK.get(back.state, ", going back to {}" if back.state.is_open else "").format(back.short_sha)


def _facts(view: View) -> list[str]:
    intent = view.intent
    rows = {
        "app": code(intent.app),
        "where": f"{code(intent.target.workload)} in {code(intent.target.namespace)}",
        "commit": f"[{code(intent.sha)}]({view.commit_url})",
        "by": plain(intent.actor),
        "image": code(intent.image) if intent.image else "",
        "before": code(intent.previous_image) if intent.previous_image else "",
        "reason": code(intent.reason) if intent.state in (State.FAILED, State.REFUSED) and intent.reason else "",
    }
    return [f"| {key} | {value} |" for key, value in rows.items() if value]


def status_description(view: View, state: str) -> str:
    """One line of at most 140 characters, as text."""
    intent = view.intent
    texts = {
        "in_progress": f"updating {intent.target.workload} in {intent.target.namespace}",
        "success": f"{intent.app} runs in {intent.environment}",
        "inactive": "replaced by a newer version" if intent.state is State.SUCCEEDED else intent.detail,
    }
    if intent.kind is Kind.ROLLBACK:
        texts["in_progress"] = f"going back to {intent.short_sha} in {intent.environment}"
        texts["success"] = f"{intent.environment} is rolled back to {intent.short_sha}"
    after = _taken_back(view)
    return cut(" ".join(texts.get(state, intent.detail).split()), 140 - len(after)) + after
