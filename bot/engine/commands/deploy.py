"""`/deploy`: the commit of this pull request that a person can have seen, as an intent of its own."""

import re
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.command import Verb
from bot.domain.intent import IntentId, Kind, NewIntent
from bot.engine import announce, origin
from bot.engine.commands.ask import Answer, Ask, accept, refuse
from bot.engine.outcome import CatalogRow
from bot.report.markdown import code
from bot.storage import heads, intents
from bot.storage.commands import Record

_FULL = re.compile(r"[0-9a-f]{40}")


async def deploy(ask: Ask, place: CatalogRow) -> Answer:
    """Accepted while checks still run: the intent waits for them. Raises what its reads raise."""
    branch = place.app.branch or await ask.tools.github.default_branch(ask.repository)
    chosen = await _outdated(ask, place) or await _choose(ask, place, branch)
    if isinstance(chosen, Answer):
        return chosen

    async def act(connection: AsyncConnection, record: Record) -> IntentId | None:
        return await _admit(connection, ask, place, record, sha=chosen, branch=branch, now=ask.tools.clock())

    name = place.environment.name
    facts = {"sha": chosen, "head": ask.pull.head_sha} | ({"hotfix": ask.command.reason} if ask.command.hotfix else {})
    return accept(f"deploys {chosen[:7]} to {name}", place=place, act=act, **facts)


async def _outdated(ask: Ask, place: CatalogRow) -> Answer | None:
    """A button means what was there when it was made; after a failure that is what Greenlane put back."""
    if ask.about is None:
        return None
    async with ask.tools.database.begin() as connection:
        about = await intents.get(connection, ask.about)
        newest = next(iter(await intents.history(connection, target_key=place.environment.target.key)), None)
    if newest is None or newest.id == about.id or (newest.undoes == about.id and not newest.actor):
        return None
    if newest.patch_sent_at is None or newest.patch_sent_at < about.state_since:
        return None
    sentence = f"the button is of an older deploy, {code(newest.short_sha)} came to {place.environment.name} after it"
    then = f"`/status` says what runs; {ask.line(Verb.DEPLOY, place, ask.command.sha or '')} deploys it all the same."
    return refuse(ask, "outdated_button", sentence, then=then, place=place)


async def _choose(ask: Ask, place: CatalogRow, branch: str) -> str | Answer:
    """The commit to deploy in full; or why none is."""
    pull, named = ask.pull, ask.command.sha or ""
    if pull.base != branch:
        sentence = f"#{pull.number} goes into {code(pull.base)}, and {place.app.name} is deployed from {code(branch)}"
        return refuse(ask, "other_branch", sentence, then="`/help` lists what there is.", place=place)
    if pull.merged and pull.merge_commit_sha and pull.merge_commit_sha.startswith(named):
        return pull.merge_commit_sha
    if _FULL.fullmatch(named) and await origin.is_on_branch(ask.tools.github, ask.repository, sha=named, branch=branch):
        return named
    if pull.merged or pull.state != "open":
        return _not_of_closed(ask, place)
    if pull.head_repository_id != ask.repository.id:
        sentence = f"the head of #{pull.number} is in a fork, whose code is only deployed once it is merged"
        return refuse(ask, "fork", sentence, then="Merge it first.", place=place)
    return await _choose_head(ask, place)


def _not_of_closed(ask: Ask, place: CatalogRow) -> Answer:
    pull, named = ask.pull, ask.command.sha
    if not named:
        sentence = f"#{pull.number} was closed without a merge"
        return refuse(ask, "pull_closed", sentence, then="Open it again, then write it once more.", place=place)
    sentence = f"{code(named)} is not a commit of the branch {code(pull.base)}, named with all its digits"
    again = f"{ask.line(Verb.DEPLOY, place)} deploys what was merged here." if pull.merged else ""
    return refuse(ask, "unknown_commit", sentence, then=again, place=place)


async def _choose_head(ask: Ask, place: CatalogRow) -> str | Answer:
    """The head a person can have seen. A full number is proof that it was seen."""
    live, named = ask.pull.head_sha, ask.command.sha or ""
    if named == live:
        return live
    async with ask.tools.database.begin() as connection:
        seen = await heads.newest(
            connection, repository_id=ask.repository.id, number=ask.pull.number, before=ask.asked_at
        )
    facts = {"seen": seen or "", "live": live}
    paste = f"To deploy what you see now: {ask.line(Verb.DEPLOY, place, live)}"
    if named and not live.startswith(named):
        sentence = f"{code(named)} is not the head of #{ask.pull.number}, which is {code(live[:7])} now"
        return refuse(ask, "head_moved", sentence, then=paste, place=place, **facts)
    if place.environment.production:
        sentence = f"code that is not merged goes to {place.environment.name} only by its full number"
        return refuse(ask, "full_sha_needed", sentence, then=paste, place=place, **facts)
    if seen is None:
        sentence = f"I have not seen a push to #{ask.pull.number} before your comment, and can't tell what you saw"
        return refuse(ask, "head_not_seen", sentence, then=paste, place=place, **facts)
    if seen != live:
        sentence = f"the head moved while you wrote (you saw {code(seen[:7])}, now it is {code(live[:7])})"
        return refuse(ask, "head_moved", sentence, then=paste, place=place, **facts)
    return live


async def _admit(
    connection: AsyncConnection,
    ask: Ask,
    place: CatalogRow,
    record: Record,
    *,
    sha: str,
    branch: str,
    now: datetime,
) -> IntentId | None:
    wish = NewIntent(
        key=f"manual:{ask.key}",
        repository=ask.repository,
        team=place.app.team,
        app=place.app.name,
        environment=place.environment.name,
        kind=Kind.MANUAL,
        sha=sha,
        branch=branch,
        pull_request=ask.pull.number,
        actor=ask.person.login,
        actor_id=ask.person.id,
        command_id=record.id,
        hotfix=ask.command.reason if ask.command.hotfix else "",
        target=place.environment.target,
    )
    hotfix = f" as a hotfix ({ask.command.reason})" if ask.command.hotfix else ""
    detail = f"asked for by {ask.person.login}{hotfix}; reading its checks"
    intent_id = await intents.add(connection, wish, detail=detail, now=now, deadline=now + place.app.checks_deadline)
    if intent_id is not None:
        await announce.admitted(connection, await intents.get(connection, intent_id), now=now)
    return intent_id
