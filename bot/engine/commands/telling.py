"""`/status`, `/why`, `/diff` and `/help`: answers, which change nothing."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TypeVar

from bot.domain.catalog import Environment
from bot.domain.catalog.windows import Closed
from bot.domain.command import COMMANDS
from bot.domain.intent import Intent, Kind, State
from bot.domain.outside import as_code
from bot.domain.people import Comparison
from bot.domain.policy import Wait, when_open
from bot.domain.releases import current, root
from bot.domain.workload import ANNOTATION_INTENT
from bot.engine import rights
from bot.engine.commands.ask import Answer, Ask, row, tell
from bot.engine.outcome import CatalogRow
from bot.engine.situation import longest, stops_now, what_waits
from bot.errors import RejectedError, TransientError
from bot.report import answers
from bot.report.answers import DiffView, HelpLine, PlaceView
from bot.storage import holds, intents, locks, stops

AT_ONCE = 8
PATIENCE = timedelta(seconds=20)
"""How long an answer waits for clusters and GitHub, all of them together: others wait for their answers, too."""
LATE = "the cluster did not answer in time"

Answered = TypeVar("Answered")


async def status(ask: Ask) -> Answer:
    places = await _look_everywhere(ask, with_health=True)
    async with ask.tools.database.begin() as connection:
        kept = await stops.pull_holds_of(connection, repository_id=ask.repository.id, number=ask.pull.number)
    return tell("said what runs where", answers.status(places, kept))


async def why(ask: Ask) -> Answer:
    places = await _look_everywhere(ask, with_health=False)
    async with ask.tools.database.begin() as connection:
        caused = await intents.of_pull(connection, repository_id=ask.repository.id, number=ask.pull.number)
    newest: dict[tuple[str, str, bool], Intent] = {}
    for intent in caused:  # a rollback does not hide what it took back
        newest.setdefault((intent.app, intent.environment, intent.kind is Kind.ROLLBACK), intent)
    ended = sorted((each for each in newest.values() if not each.state.is_open), key=lambda each: each.id)
    return tell("said what waits for what", answers.why(places, ended))


async def _look_everywhere(ask: Ask, *, with_health: bool) -> list[PlaceView]:
    """Every place of the repository, several at once. What nobody answers in time is told as unknown."""
    places = [row(app, each) for app in ask.apps for each in app.environments]
    known = [await _stored(ask, place) for place in places]
    slots = asyncio.Semaphore(AT_ONCE)
    deadline = asyncio.get_running_loop().time() + PATIENCE.total_seconds()
    nothing: tuple[Wait, ...] = ()  # its own sentence says what is known

    async def in_time(read: Callable[[], Awaitable[Answered]], otherwise: Answered) -> Answered:
        try:
            async with asyncio.timeout_at(deadline), slots:
                return await read()
        except TimeoutError:
            return otherwise

    async def ask_outside(place: CatalogRow, view: PlaceView) -> PlaceView:
        healthy = await in_time(partial(_health, ask, place.environment, view), LATE) if with_health else ""
        waiting = [(each, await in_time(partial(_waits, ask, place, each), nothing)) for each, _ in view.open]
        return replace(view, healthy=healthy, open=tuple(waiting))

    return await asyncio.gather(*(ask_outside(place, view) for place, view in zip(places, known, strict=True)))


async def _stored(ask: Ask, place: CatalogRow) -> PlaceView:
    """What our own database knows."""
    tools, environment = ask.tools, place.environment
    now, key = tools.clock(), environment.target.key
    where = {"team": place.app.team, "app": place.app.name, "environment": environment.name}
    async with tools.database.begin() as connection:
        history = await intents.history(connection, target_key=key)
        waiting = await intents.open_on_target(connection, key)
        hold = await holds.current(connection, **where)
        lock = await locks.current(connection, **where, now=now)
        stopped = await stops_now(connection, tools.catalog, now=now)
    return PlaceView(
        app=place.app.name,
        environment=environment.name,
        several_apps=len(ask.apps) > 1,
        release=(present := current(history)),
        root=root(history, present) if present else None,
        open=tuple((each, ()) for each in sorted(waiting, key=_turn)),
        hold=hold,
        lock=lock,
        stop=longest(stopped, team=place.app.team, app=place.app.name),
        window=_window(ask, environment),
    )


def _turn(intent: Intent) -> tuple[bool, int]:
    return intent.state is not State.ROLLING_OUT, intent.id


async def _waits(ask: Ask, place: CatalogRow, intent: Intent) -> tuple[Wait, ...]:
    if intent.state is State.ROLLING_OUT:
        return ()
    try:
        return await what_waits(ask.tools, place, intent)
    except (RejectedError, TransientError):
        return ()


def _window(ask: Ask, environment: Environment) -> str:
    """Why the environment's windows are closed now."""
    if environment.windows is None:
        return ""
    opening = environment.windows.at(ask.tools.clock())
    return when_open(opening) if isinstance(opening, Closed) else ""


async def _health(ask: Ask, environment: Environment, view: PlaceView) -> str:
    """What the cluster says now: whether it is still what we deployed, and whether it is well."""
    try:
        workload = await ask.tools.cluster.read(environment.target)
    except (RejectedError, TransientError) as error:
        return f"the cluster can't be asked: {error.sentence.rstrip('.')}"
    well = workload.available_replicas >= workload.replicas > 0
    pods = f"{workload.available_replicas} of {workload.replicas} pods available"
    image = workload.images.get(environment.target.container, "")
    coming = next((each for each, _ in view.open if each.state is State.ROLLING_OUT), None)
    if coming is not None:
        return f"being replaced by {as_code(coming.short_sha)}, {pods}"
    if view.release is not None and not image.endswith(f"@{view.release.digest}"):
        return f"but the workload asks for {as_code(image)} now, {pods}"
    return f"{'healthy' if well else 'not healthy'}, {pods}"


async def diff(ask: Ask, place: CatalogRow) -> Answer:
    """The commit of this pull request against what runs, with the cluster's own word on the patch."""
    sha = ask.pull.merge_commit_sha if ask.pull.merged and ask.pull.merge_commit_sha else ask.pull.head_sha
    async with ask.tools.database.begin() as connection:
        history = await intents.history(connection, target_key=place.environment.target.key)
    running = current(history)
    image, digest = await _image(ask, place, sha)
    dry_run, warnings = await _try_patch(ask, place, digest) if digest else ("", ())
    view = DiffView(
        environment=place.environment.name,
        running=running,
        sha=sha,
        comparison=await _compare(ask, running, sha),
        image=image,
        dry_run=dry_run,
        warnings=warnings,
    )
    return tell(f"compared with {place.environment.name}", answers.diff(view), place=place)


async def _compare(ask: Ask, running: Intent | None, sha: str) -> Comparison | None:
    if running is None:
        return None
    try:
        return await ask.tools.github.compare(ask.repository, base=running.sha, head=sha)
    except RejectedError:
        return None  # a commit that is gone can't be compared with


async def _image(ask: Ask, place: CatalogRow, sha: str) -> tuple[str, str]:
    """In words, and pinned; empty where there is none."""
    app = place.app
    try:
        tag = app.tag.render(sha=sha, branch=ask.pull.base, pull_request=ask.pull.number)
        found = await ask.tools.registry.resolve(repository=app.image.text, tag=tag)
    except ValueError as error:
        return str(error), ""
    except (RejectedError, TransientError) as error:
        return error.sentence, ""
    return f"`{app.image.text}:{tag}` is `{found.digest}`", found.pinned


async def _try_patch(ask: Ask, place: CatalogRow, image: str) -> tuple[str, tuple[str, ...]]:
    """Server-side dry run: the admission checks speak, nothing changes."""
    target = place.environment.target
    try:
        workload = await ask.tools.cluster.read(target)
        patched = await ask.tools.cluster.patch(
            target,
            uid=workload.uid,
            expected_image=workload.images[target.container],
            expected_intent=workload.annotations.get(ANNOTATION_INTENT, ""),
            image=image,
            annotations={},
            dry_run=True,
        )
    except (RejectedError, TransientError) as error:
        return error.sentence, ()
    return "accepts the change (dry run)" if patched.changed else "runs this image already", patched.warnings


async def help_(ask: Ask) -> Answer:
    """The commands that this very person may use, from the registry that runs them."""
    tools, found = ask.tools, []
    for team in dict.fromkeys(app.team for app in ask.apps):
        app = next(each for each in ask.apps if each.team == team)
        found.append(await rights.objections(tools.github, tools.catalog, ask.repository, ask.person, app=app))
    lines = []
    for spec in COMMANDS:
        said = [each[spec.verb] for each in found]
        denied = "" if None in said else "; ".join(each.sentence for each in said if each)
        lines.append(HelpLine(usage=spec.usage, summary=spec.summary, denied=denied))
    places = [(app.name, each.name, _rules(each)) for app in ask.apps for each in app.environments]
    return tell("told the commands", answers.usage(lines, places))


def _rules(environment: Environment) -> str:
    """What an environment asks, in a few words."""
    rules = [f"deploys {environment.deploy.value}"]
    if environment.production:
        rules.append("asks for the full number of a commit that is not merged")
    if environment.after:
        rules.append(f"after `{environment.after}`")
    if environment.approvals:
        rules.append("1 approval" if environment.approvals == 1 else f"{environment.approvals} approvals")
    if environment.deployers:
        rules.append("only named people")
    if environment.windows:
        rules.append("in its windows")
    return ", ".join(rules)
