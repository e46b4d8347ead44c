"""What holds on a target now: read before an intent starts, and once more in the transaction that starts it."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.catalog import Catalog
from bot.domain.intent import Intent
from bot.domain.lock import Stop
from bot.domain.people import Person
from bot.domain.policy import Situation, Wait, waits
from bot.domain.releases import held
from bot.engine.outcome import CatalogRow
from bot.engine.tools import Tools
from bot.storage import holds, intents, locks, stops


async def what_waits(tools: Tools, row: CatalogRow, intent: Intent) -> tuple[Wait, ...]:
    """Everything that keeps the intent from starting, GitHub's part of it too. Raises what its reads raise."""
    approvals = await _approvals(tools, row, intent)
    async with tools.database.begin() as connection:
        situation = await _read(connection, tools, row, intent, approvals=approvals)
    return waits(intent, row.environment, situation)


async def what_waits_here(
    connection: AsyncConnection, tools: Tools, row: CatalogRow, intent: Intent
) -> tuple[Wait, ...]:
    """The part of it that our own database knows, inside a transaction."""
    situation = await _read(connection, tools, row, intent, approvals=row.environment.approvals)
    return waits(intent, row.environment, situation)


async def stops_now(connection: AsyncConnection, catalog: Catalog, *, now: datetime) -> list[Stop]:
    """Those of operators and those of the catalog."""
    return [*await stops.current(connection, now=now), *_of_catalog(catalog, now)]


def longest(stopped: Iterable[Stop], *, team: str, app: str) -> Stop | None:
    """The stop that keeps an app the longest."""
    return max((each for each in stopped if each.covers(team, app)), key=lambda each: each.until, default=None)


def _of_catalog(catalog: Catalog, now: datetime) -> Iterable[Stop]:
    found = [("", "", catalog.stop)]
    found += [(team.name, "", team.stop) for team in catalog.teams]
    found += [(app.team, app.name, app.stop) for app in catalog.apps]
    for team, app, stop in found:
        if stop is not None and stop.until > now:
            yield Stop(team=team, app=app, reason=stop.reason, set_by="the catalog", set_at=now, until=stop.until)


async def _approvals(tools: Tools, row: CatalogRow, intent: Intent) -> int:
    """Approvals of the very commit; for a merge, those of the head that was merged."""
    if not row.environment.approvals or intent.pull_request is None:
        return 0
    pull = await tools.github.pull(intent.repository, intent.pull_request)
    commits = {intent.sha} | ({pull.head_sha} if pull.merge_commit_sha == intent.sha else set())
    found = await tools.github.approvals(intent.repository, intent.pull_request)
    people = {each.person for each in found if each.sha in commits and each.person.id != pull.author_id}
    return sum([await _may_approve(tools, intent, person) for person in people])


async def _may_approve(tools: Tools, intent: Intent, person: Person) -> bool:
    """Whoever may read may approve on GitHub; here it takes the right to write."""
    login_id, role = await tools.github.role(intent.repository, person.login)
    return login_id == person.id and role.may_write


async def _read(
    connection: AsyncConnection, tools: Tools, row: CatalogRow, intent: Intent, *, approvals: int
) -> Situation:
    now, environment = tools.clock(), row.environment
    team, app, name = intent.team, intent.app, intent.environment
    stopped = await stops_now(connection, tools.catalog, now=now)
    return Situation(
        stop=longest(stopped, team=team, app=app),
        hold=await holds.current(connection, team=team, app=app, environment=name),
        lock=await locks.current(connection, team=team, app=app, environment=name, now=now),
        opening=environment.windows.at(now) if environment.windows else None,
        held_before=await _held_before(connection, row, intent),
        approvals=approvals,
        several_apps=tools.catalog.has_several_apps(intent.repository.full_name, intent.repository.id),
    )


async def _held_before(connection: AsyncConnection, row: CatalogRow, intent: Intent) -> bool:
    """Whether this very image ran in the environment before and held; that may have gone on to newer ones since."""
    before = row.app.environment(row.environment.after) if row.environment.after else None
    if before is None or not intent.digest:  # not known before its image is resolved
        return True
    return held(await intents.history(connection, target_key=before.target.key), intent.digest)
