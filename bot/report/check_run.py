"""The check run `greenlane / <environment>` and the words of a deployment status."""

from dataclasses import dataclass
from typing import Literal

from bot.domain.intent import State
from bot.report.findings import findings_lines
from bot.report.markdown import code, cut, plain
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
    State.NEUTRAL: "Applied in {}, but nothing runs there",
    State.FAILED: "Failed in {}",
    State.REFUSED: "Not deployed to {}",
    State.SUPERSEDED: "Overtaken in {}",
    State.CANCELLED: "Cancelled in {}",
    State.UNKNOWN: "Could not see the end in {}",
}


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
    intent = view.intent
    facts = [
        f"| app | {code(intent.app)} |",
        f"| where | {code(intent.target.workload)} in {code(intent.target.namespace)} |",
        f"| commit | [{code(intent.sha)}]({view.commit_url}) |",
        f"| by | {plain(intent.actor)} |",
    ]
    if intent.image:
        facts.append(f"| image | {code(intent.image)} |")
    if intent.previous_image:
        facts.append(f"| before | {code(intent.previous_image)} |")
    evidence = [*findings_lines(intent), ""] if intent.evidence else []
    return Output(
        title=cut(_TITLES.get(intent.state, _GOING_ON).format(intent.environment), 250),
        summary=cut("\n".join([view.standing(), "", "| | |", "| --- | --- |", *facts])),
        text=cut("\n".join([*evidence, "**Timeline**", "", *view.history()])),
    )


def status_description(view: View, state: str) -> str:
    """One line of at most 140 characters, as text."""
    intent = view.intent
    texts = {
        "in_progress": f"updating {intent.target.workload} in {intent.target.namespace}",
        "success": f"{intent.app} runs in {intent.environment}",
        "inactive": "replaced by a newer version" if intent.state is State.SUCCEEDED else intent.detail,
    }
    return cut(" ".join(texts.get(state, intent.detail).split()), 140)
