"""What a report is made of: an intent, its timeline and where its links lead."""

from dataclasses import dataclass

from bot.domain.intent import Intent, State, Transition
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


@dataclass(frozen=True, kw_only=True, slots=True)
class View:
    """One intent, ready to be told. `web_url` is GitHub's own address, without a slash at the end."""

    intent: Intent
    timeline: tuple[Transition, ...]
    web_url: str
    environment_url: str = ""

    @property
    def commit_url(self) -> str:
        return f"{self.web_url}/{self.intent.repository.full_name}/commit/{self.intent.sha}"

    @property
    def check_url(self) -> str:
        """The commit's checks, where our check run stands with the whole digest."""
        return f"{self.commit_url}/checks"

    def version(self) -> str:
        """Short SHA and digest, linked."""
        commit = f"[{code(self.intent.short_sha)}]({self.commit_url})"
        digest = self.intent.digest
        return f"{commit} · [{code(digest[:13] + '…')}]({self.check_url})" if digest else commit

    def standing(self) -> str:
        """The state, then why: one line."""
        intent = self.intent
        mark = MARKS[intent.state]
        match intent.state:
            case State.SUCCEEDED:
                began = intent.patched_at or intent.created_at
                took = lasting(intent.state_since - began)
                same = " (it ran this version already)" if intent.reason == "no_change" else ""
                return f"{mark} deployed {clock(intent.state_since)}, took {took}{same}"
            case State.ROLLING_OUT:
                return f"{mark} rolling out since {clock(intent.state_since)}: {prose(intent.detail)}"
            case State.WAITING_CHECKS | State.RESOLVING_IMAGE | State.QUEUED:
                return f"{mark} {prose(intent.detail)}"
            case State.REFUSED:
                return f"{mark} not deployed: {prose(intent.detail)}"
            case _:
                return f"{mark} {intent.state}: {prose(intent.detail)}"

    def history(self) -> list[str]:
        """One line a transition: UTC, seconds since the first, what happened."""
        if not self.timeline:
            return []
        first = self.timeline[0].at
        return [
            f"- {line.at:%H:%M:%S} UTC · +{lasting(line.at - first)} · {MARKS[line.state]} "
            f"**{line.state.replace('_', ' ')}** {prose(line.detail)}"
            for line in self.timeline
        ]
