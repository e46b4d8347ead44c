"""Answers to commands: short, the state first, then why, then the next line to type. All outside text is inert."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.domain.command import Mistake
from bot.domain.hold import Hold
from bot.domain.intent import Intent, Kind
from bot.domain.lock import Lock, PullHold, Stop
from bot.domain.people import Comparison
from bot.domain.policy import Wait
from bot.report.markdown import MAX_SIZE, clock, code, cut, plain, prose

_LOGIN_SIGNS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-")
_TITLES = 10


def reply_marker(command_id: int) -> str:
    """How our answer to a command is found again."""
    return f"<!-- greenlane:reply:{command_id} -->"


def note_marker(command_id: int, what: str) -> str:
    return f"<!-- greenlane:note:{command_id}:{what} -->"


def undone_marker(intent_id: int, number: int) -> str:
    return f"<!-- greenlane:undone:{intent_id}:{number} -->"


def mention(login: str) -> str:
    """The one mention that is meant: of whoever a text is for. What is no login stays inert."""
    return f"@{login}" if login and set(login) <= _LOGIN_SIGNS else code(login)


def refusal(login: str, line: str, sentence: str, then: str) -> str:
    """What was refused, the facts, and the exact next line."""
    text = f"{mention(login)} I did not do {code(line.strip())}: {prose(sentence.rstrip('.'))}."
    return f"{text}\n\n{then}" if then else text


def misunderstood(login: str, line: str, mistake: Mistake) -> str:
    """A short help: what was not understood, what would be, and how the command is written."""
    text = f"{mention(login)} I did not understand {code(line.strip())}: {prose(mistake.sentence.rstrip('.'))}."
    meant = [f"Did you mean {code(mistake.suggestion)}?"] if mistake.suggestion else []
    return "\n\n".join([text, *meant, " · ".join(code(each) for each in mistake.usage)])


@dataclass(frozen=True, kw_only=True, slots=True)
class PlaceView:
    """One environment of one app, as it stands now."""

    app: str
    environment: str
    several_apps: bool
    release: Intent | None
    """What runs, as far as Greenlane knows."""
    root: Intent | None = None
    """The deploy whose version that is: of a rollback, the one it restored."""
    healthy: str = ""
    """`2 of 2 pods ready`, or why nobody knows."""
    open: tuple[tuple[Intent, tuple[Wait, ...]], ...] = ()
    """What waits or rolls out, with what it waits for; in the order in which it will go."""
    hold: Hold | None = None
    lock: Lock | None = None
    stop: Stop | None = None
    window: str = ""
    """Why it is closed; empty: open."""

    @property
    def name(self) -> str:
        app = f" {code(self.app)}" if self.several_apps else ""
        return f"**{plain(self.environment)}**{app}"


def status(places: Sequence[PlaceView], pull_holds: Sequence[PullHold]) -> str:
    """What runs where, and what waits for what."""
    lines = ["### Greenlane: what runs where", ""]
    for place in places:
        lines += [f"- {place.name}: {_runs(place)}", *(f"  - {each}" for each in _around(place))]
    lines += [f"- {pull_held(each)}" for each in pull_holds]
    return cut("\n".join(lines), MAX_SIZE)


def why(places: Sequence[PlaceView], ended: Sequence[Intent]) -> str:
    """What each open intent waits for, all of it; and how those of this pull request ended."""
    lines: list[str] = []
    for place in places:
        for intent, waits in place.open:
            lines.append(f"- {place.name} {code(intent.short_sha)}: {_state(intent)}")
            lines += [f"  - {prose(wait.sentence)}" for wait in waits if wait.sentence != intent.detail]
    lines = lines or ["Nothing of this repository waits or rolls out. `/status` says what runs where."]
    past = [f"- {_past(each)}" for each in ended]
    over = ["", "How it ended here:", "", *past] if past else []
    return cut("\n".join(["### Greenlane: what waits, and for what", "", *lines, *over]), MAX_SIZE)


def _past(intent: Intent) -> str:
    place = f"**{plain(intent.environment)}** {code(intent.app)}"
    how = "rolled back to " if intent.kind is Kind.ROLLBACK else ""
    return f"{place} {how}{code(intent.short_sha)}: {_state(intent)} ({clock(intent.state_since)})"


def _runs(place: PlaceView) -> str:
    intent = place.release
    if intent is None:
        return "nothing deployed by Greenlane yet"
    by = f" by {plain(intent.actor)}" if intent.actor else ""
    digest = f" · {code(intent.digest[:19] + '…')}" if intent.digest else ""
    number = (place.root or intent).pull_request
    where = f" (#{number})" if number else ""
    since = f"{'back ' if intent.kind is Kind.ROLLBACK else ''}since {clock(intent.state_since)}"
    return f"{code(intent.short_sha)}{digest}{where} {since}{by}; {prose(place.healthy)}"


def _around(place: PlaceView) -> list[str]:
    lines = [f"{code(intent.short_sha)} {_state(intent)}" for intent, _ in place.open]
    if place.stop:
        lines.append(
            f"⛔ stopped for {code(place.stop.scope)} until {clock(place.stop.until)}: {plain(place.stop.reason)}"
        )
    if place.hold:
        what = f"⏸️ automatic deploys are on hold since {clock(place.hold.set_at)} ({plain(place.hold.reason)})"
        app = f" {place.app}" if place.several_apps else ""
        lines.append(f"{what}: {code(f'/resume {place.environment}{app}')}")
    if place.lock:
        lines.append(locked(place.lock))
    if place.window:
        lines.append(f"🕒 {prose(place.window)}")
    return lines


def locked(lock: Lock) -> str:
    why = f": {plain(lock.reason)}" if lock.reason else ""
    whose = f"#{lock.pull_request} by {plain(lock.owner.login)}"
    return f"🔒 {plain(lock.environment)} is locked for {whose} until {clock(lock.expires_at)}{why}"


def pull_held(hold: PullHold) -> str:
    where = f" to {plain(hold.environment)}" if hold.environment else ""
    where += f" with {code(hold.app)}" if hold.app else ""
    return f"⏸️ this pull request is not deployed{where} when it is merged ({plain(hold.set_by)}): `/resume`"


def _state(intent: Intent) -> str:
    who = f" (#{intent.pull_request})" if intent.pull_request else ""
    return f"{intent.state.replace('_', ' ')}{who}: {prose(intent.detail)}"


@dataclass(frozen=True, kw_only=True, slots=True)
class DiffView:
    """What a deploy would bring to one environment."""

    environment: str
    running: Intent | None
    sha: str
    comparison: Comparison | None
    image: str
    """The pinned image, or why there is none."""
    dry_run: str
    """What the cluster would say to the patch; empty: nothing was asked."""
    warnings: tuple[str, ...] = ()
    """The cluster's own: outside text."""


def diff(view: DiffView) -> str:
    """Commits, image and the cluster's own answer."""
    lines = [f"### Greenlane: {code(view.sha[:7])} in {plain(view.environment)}", "", f"- {_commits(view)}"]
    if view.comparison is not None:
        lines += [f"  - {plain(title)}" for title in view.comparison.titles[:_TITLES]]
    lines.append(f"- image: {prose(view.image)}")
    if view.dry_run:
        lines.append(f"- the cluster: {prose(view.dry_run)}")
    lines += [f"  - ⚠️ {plain(warning)}" for warning in view.warnings]
    return cut("\n".join(lines), MAX_SIZE)


def _commits(view: DiffView) -> str:
    found = view.comparison
    if view.running is None:
        return "nothing deployed by Greenlane runs there yet, so there is nothing to compare with"
    if found is None:
        return f"{code(view.running.short_sha)} runs there, and GitHub can't compare it with {code(view.sha[:7])}"
    if found.relation == "identical":
        return f"{code(view.sha[:7])} is what runs there"
    link = f"[{code(view.running.short_sha)} … {code(view.sha[:7])}]({found.url})"
    count = _count(found.ahead_by, "more") if found.ahead_by else _count(found.behind_by, "fewer")
    behind = f", {found.behind_by} fewer" if found.ahead_by and found.behind_by else ""
    authors = ", ".join(plain(each) for each in found.authors[:_TITLES])
    return f"{link}: {count}{behind}{f', by {authors}' if authors else ''}"


def _count(commits: int, what: str) -> str:
    return f"1 commit {what}" if commits == 1 else f"{commits} commits {what}"


@dataclass(frozen=True, kw_only=True, slots=True)
class HelpLine:
    """One command as this person may use it."""

    usage: str
    summary: str
    denied: str = ""
    """Why not; empty: may."""


def usage(lines: Sequence[HelpLine], places: Sequence[tuple[str, str, str]]) -> str:
    """The commands this person may use, and the environments with their rules as (app, name, rules)."""
    may = [f"| {code(line.usage)} | {plain(line.summary)} |" for line in lines if not line.denied]
    denied = sorted({line.denied for line in lines if line.denied})
    told = ["| command | what it does |", "| --- | --- |", *may] if may else []
    rules = [f"- **{plain(name)}** {code(app)}: {prose(rules)}" for app, name, rules in places]
    refused = [f"You may not use the others: {prose('; '.join(denied))}."] if denied else []
    return cut("\n".join(["### Greenlane: what you may ask here", "", *told, "", *refused, "", *rules]), MAX_SIZE)


def lock_lost(owner: str, actor: str, environment: str, *, taken: bool, number: int | None) -> str:
    """For whoever had an environment locked."""
    how = f"took the lock of **{plain(environment)}** over for #{number}" if taken else "ended the lock of"
    tail = "" if taken else f" **{plain(environment)}**"
    return f"🔓 {mention(owner)} {plain(actor)} {how}{tail}."


def lock_ends(lock: Lock) -> str:
    """The reminder."""
    what = f"the lock of **{plain(lock.environment)}** ends {clock(lock.expires_at)}"
    return f"🔒 {mention(lock.owner.login)} {what}. {code(f'/lock {lock.environment} {lock.app} for 2h')} keeps it."


def undone(rollback: Intent, *, held: bool) -> str:
    """For a pull request whose code no longer runs because another release was restored."""
    by = f" by {plain(rollback.actor)}" if rollback.actor else ""
    text = f"↩️ **{plain(rollback.environment)}** was rolled back to {code(rollback.short_sha)}{by}"
    after = (
        f"Automatic deploys there wait until {code(f'/resume {rollback.environment} {rollback.app}')}." if held else ""
    )
    return "\n\n".join(
        part for part in (f"{text}, so this pull request's change is not there any more.", after) if part
    )
