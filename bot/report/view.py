"""What a report is made of: an intent, its timeline and where its links lead."""

import re
from dataclasses import dataclass

from bot.domain.hold import Hold
from bot.domain.intent import Intent, Kind, State, Transition
from bot.report import rollback as rollback_words
from bot.report.markdown import clock, code, lasting, prose

MARKS = {
    State.WAITING_CHECKS: "⏳",
    State.RESOLVING_IMAGE: "⏳",
    State.QUEUED: "⏳",
    State.ROLLING_OUT: "🚢",
    State.SUCCEEDED: "✅",
    State.NEUTRAL: "⚪",
    State.FAILED: "❌",
    State.REFUSED: "⛔",
    State.SUPERSEDED: "⏭️",
    State.CANCELLED: "⚪",
    State.UNKNOWN: "❔",
}

_ONCE = {
    State.WAITING_CHECKS: "its checks pass",
    State.RESOLVING_IMAGE: "its image is verified",
    State.QUEUED: "it is its turn",
}
_ORDINARY = frozenset(
    {"", "patch_not_seen", "controller_pending", "replica_set_pending", "revision_pending", "pods_creating"}
    | {"pods_starting", "old_pods_left", "controller_finishing", "digest_unknown", "soaking", "scaling_to_zero"}
)
"""What every rollout goes through; whatever else holds one up is said while it goes on."""
_COUNT = re.compile(r" \((?:\d+ of \d+ checks passed|no checks reported yet)\)$")
"""How the gate ends its sentence; old as soon as the next check reports."""


@dataclass(frozen=True, kw_only=True, slots=True)
class View:
    """One intent, ready to be told. `web_url` is GitHub's own address, without a slash at the end."""

    intent: Intent
    timeline: tuple[Transition, ...]
    web_url: str
    environment_url: str = ""
    rollback: Intent | None = None
    """The one that takes this failed intent back: open, or ended in any way."""
    hold: Hold | None = None
    """What keeps the environment from automatic deploys now."""
    several_apps: bool = False
    """Whether an environment's name alone does not say of which app."""

    @property
    def commit_url(self) -> str:
        return f"{self.web_url}/{self.intent.repository.full_name}/commit/{self.intent.sha}"

    @property
    def check_url(self) -> str:
        """The commit's checks, where our check run stands with the whole digest."""
        return f"{self.commit_url}/checks"

    def commit_link(self, intent: Intent) -> str:
        """The short SHA of this intent or of its rollback, linked."""
        return f"[{code(intent.short_sha)}]({self.web_url}/{intent.repository.full_name}/commit/{intent.sha})"

    def command(self, verb: str) -> str:
        """A command about this environment, as it has to be typed."""
        return f"/{verb} {self.intent.environment}{f' {self.intent.app}' if self.several_apps else ''}"

    def hold_line(self) -> str:
        """What keeps automation off here, and how that ends; empty where nothing does."""
        if self.hold is None:
            return ""
        known = {intent.id for intent in (self.intent, self.rollback) if intent}
        return rollback_words.hold_line(self.hold, ours=self.hold.intent_id in known, command=self.command("resume"))

    def version(self) -> str:
        """Short SHA and digest, linked."""
        commit = self.commit_link(self.intent)
        digest = self.intent.digest
        return f"{commit} · [{code(digest[:13] + '…')}]({self.check_url})" if digest else commit

    def standing(self) -> str:
        """The state, then why: one line.

        Nothing edits the comment between its making and the end, so an open state is told in words that stay true
        meanwhile: with the time they are from, without counts.
        """
        if self.intent.kind is Kind.ROLLBACK:
            return rollback_words.standing(self.intent)
        told = self._open() if self.intent.state.is_open else self._ended()
        return f"{MARKS[self.intent.state]} {told}"

    def _open(self) -> str:
        intent = self.intent
        if intent.state is State.ROLLING_OUT:
            return f"rolling out since {clock(intent.state_since)}{self._held()}"
        return f"deploys here once {_ONCE[intent.state]}; {self._as_of()}"

    def _ended(self) -> str:
        intent = self.intent
        why = prose(_without_state(intent.state, intent.detail))
        match intent.state:
            case State.SUCCEEDED:
                return f"deployed {clock(intent.state_since)}, {self._took()}"
            case State.REFUSED:
                return f"not deployed: {why}"
            case State.NEUTRAL:
                return why
            case State.SUPERSEDED:
                return f"replaced {why}" if why.startswith("by ") else f"replaced: {why}"
            case State.FAILED:
                after = rollback_words.aftermath(intent, self.rollback) if self.rollback else ""
                return f"failed {clock(intent.state_since)}: {why}{after}"
            case _:
                return f"{intent.state}: {why}"

    def _held(self) -> str:
        """What somebody has to hear of although it goes on; the pods' counts are not that."""
        return f"; {self._as_of()}" if self.intent.reason not in _ORDINARY else ""

    def _as_of(self) -> str:
        intent = self.intent
        return f"as of {clock(max(intent.updated_at, intent.state_since))}: {prose(_COUNT.sub('', intent.detail))}"

    def _took(self) -> str:
        began = self.intent.patched_at or self.intent.created_at
        same = " (it ran this version already)" if self.intent.reason == "no_change" else ""
        return f"took {lasting(self.intent.state_since - began)}{same}"

    def history(self) -> list[str]:
        """One line a transition: UTC, with the date where a day begins, seconds since the first, what happened."""
        days = [None, *(line.at.date() for line in self.timeline)]
        return [
            f"- {'' if line.at.date() == day else f'{line.at:%Y-%m-%d} '}{line.at:%H:%M:%S} UTC "
            f"· +{lasting(line.at - self.timeline[0].at)} · {MARKS[line.state]} "
            f"**{line.state.replace('_', ' ')}** {prose(_without_state(line.state, line.detail))}"
            for day, line in zip(days, self.timeline, strict=False)
        ]


def _without_state(state: State, detail: str) -> str:
    """The sentence without the state's own name at its front, which is said before it."""
    return detail.removeprefix(f"{state} ")
