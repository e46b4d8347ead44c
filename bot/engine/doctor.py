"""Asks everything Greenlane depends on whether it is in place, and says what to do where it is not.

Part after part, each with a deadline; one that can't be reached is not asked again for its other rows.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from bot.domain.intent import Target
from bot.engine.ports import GitHubGrants
from bot.engine.tools import Tools
from bot.errors import GreenlaneError, NotYetError, RejectedError, TransientError
from bot.storage import schema

# 29 seconds together: what `doctor` takes with everything out of reach.
DATABASE_SECONDS: Final = 5.0
GITHUB_SECONDS: Final = 7.0
REGISTRY_SECONDS: Final = 7.0
CLUSTER_SECONDS: Final = 10.0

ABSENT_TAG: Final = "greenlane-doctor"
"""Nobody pushes it: a registry that says so was reached, and lets us read."""
_WHO: Final = "GREENLANE_GITHUB_APP_ID, GREENLANE_GITHUB_PRIVATE_KEY and GREENLANE_GITHUB_API_URL"
_GRANT: Final = "set them on the App's page, Permissions & events; an owner then accepts the change"


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing that was looked at."""

    good: bool
    sentence: str

    def __str__(self) -> str:
        return f"{'ok  ' if self.good else 'BAD '} {self.sentence}"


class GapError(GreenlaneError):
    """Something was reached and is not as it has to be; `str()` says what, and what to do."""


@dataclass(kw_only=True, slots=True)
class Part:
    """One thing that is asked several times: after it was out of reach once, only says so."""

    name: str
    seconds: float
    tell: Callable[[Finding], None]
    down: bool = False

    async def ask(self, what: str, question: Callable[[], Awaitable[str]]) -> bool:
        """Tell the answer or what stood in its way; whether it was good."""
        if self.down:
            return self.bad(f"{what}: not asked: {self.name} is unreachable")
        try:
            async with asyncio.timeout(self.seconds):
                sentence = await question()
        except TimeoutError:
            self.down = True
            return self.bad(f"{what}: {self.name} did not answer within {self.seconds:.0f} seconds")
        except TransientError as error:
            self.down = True
            return self.bad(f"{what}: {error}")
        except GreenlaneError as error:
            return self.bad(f"{what}: {_with_hint(error)}")
        self.tell(Finding(good=True, sentence=f"{what}: {sentence}"))
        return True

    def bad(self, sentence: str) -> bool:
        self.tell(Finding(good=False, sentence=sentence))
        return False


@dataclass(kw_only=True, slots=True)
class Doctor:
    """Tells each finding as it comes; `cluster_problem` is why there is no cluster to ask, if so."""

    tools: Tools
    grants: GitHubGrants
    tell: Callable[[Finding], None]
    api_url: str = ""
    cluster_problem: str = ""
    _installations: set[int] = field(default_factory=set)

    async def examine(self) -> None:
        """Database, App, repositories, registries and targets of the catalog; none hides another."""
        await self._part("the database", DATABASE_SECONDS).ask("database", self._database)
        await self._github()
        await self._registries()
        await self._cluster()

    def _part(self, name: str, seconds: float) -> Part:
        return Part(name=name, seconds=seconds, tell=self.tell)

    async def _database(self) -> str:
        if await schema.is_current(self.tools.database):
            return "schema current"
        itself = " (`serve` does it by itself on SQLite)" if self.tools.database.is_sqlite else ""
        raise GapError(f"the schema is not current; run `greenlane migrate`{itself}")

    async def _github(self) -> None:
        part = self._part("GitHub", GITHUB_SECONDS)
        known = await part.ask("GitHub", self._app)
        for name in self.tools.catalog.repositories:
            if known:
                await self._repository(part, name)
            else:
                why = "GitHub is unreachable" if part.down else "GitHub does not know the App"
                part.bad(f"repository {name}: not asked: {why}")

    async def _app(self) -> str:
        try:
            slug, number = await self.grants.app()
        except TransientError as error:
            raise TransientError(f"{error} (asked {self.api_url}; an Enterprise Server's ends with /api/v3)") from error
        except GreenlaneError as error:
            hint = f"Check {_WHO} ({self.api_url}; an Enterprise Server's ends with /api/v3)."
            raise GapError(f"{self.tools.own_app_id} is no App there: {error}. {hint}") from error
        return f"the App is {slug}, id {number}"

    async def _repository(self, part: Part, name: str) -> None:
        async def look() -> str:
            repository = await self.tools.github.find_repository(name)
            if repository is None:
                raise GapError("the App is not installed there; install it from its page at GitHub")
            found.append(repository.installation_id)
            branch = await self.tools.github.default_branch(repository)
            required = await self.tools.github.required_checks(repository, branch)
            names = ", ".join(sorted(each.name for each in required)) or "no checks"
            return f"installed; {branch} requires {names}"

        found: list[int] = []
        await part.ask(f"repository {name}", look)
        for installation in found:
            if installation not in self._installations:
                self._installations.add(installation)
                await part.ask(f"installation {installation} ({name})", partial(self._rights, installation))

    async def _rights(self, installation: int) -> str:
        missing = await self.grants.missing(installation)
        if missing:
            raise GapError(f"missing {', '.join(missing)}; {_GRANT}")
        return "has every permission and event"

    async def _registries(self) -> None:
        """Hosts at once, the repositories of one host one by one."""
        hosts: dict[str, list[str]] = {}
        for image in {app.image.text: app.image for app in self.tools.catalog.apps}.values():
            hosts.setdefault(image.registry, []).append(image.text)
        await asyncio.gather(*(self._registry(host, images) for host, images in hosts.items()))

    async def _registry(self, host: str, images: list[str]) -> None:
        part = self._part(host, REGISTRY_SECONDS)
        for image in images:
            await part.ask(f"image {image}", partial(self._readable, image))

    async def _readable(self, image: str) -> str:
        try:
            await self.tools.registry.resolve(repository=image, tag=ABSENT_TAG)
        except NotYetError:
            return "the registry answers and lets us read"
        return f"the registry answers and lets us read (it even has a tag `{ABSENT_TAG}`)"

    async def _cluster(self) -> None:
        part = self._part("the cluster", CLUSTER_SECONDS)
        if self.cluster_problem:
            part.bad(f"cluster: {self.cluster_problem}")
            return
        seen: set[str] = set()
        for app in self.tools.catalog.apps:
            for environment in app.environments:
                target = environment.target
                where = f"{app.name} {environment.name}: {target.workload} in {target.namespace}"
                await part.ask(where, partial(self._workload, target))
                if target.namespace not in seen:
                    seen.add(target.namespace)
                    await part.ask(f"namespace {target.namespace}", partial(self._watch, target))

    async def _workload(self, target: Target) -> str:
        workload = await self.tools.cluster.read(target)
        return f"runs {workload.images[target.container]}"

    async def _watch(self, target: Target) -> str:
        await self.tools.cluster.observe(target)
        return "deployments, replica sets and pods can be listed"


def _with_hint(error: GreenlaneError) -> str:
    hint = error.hint if isinstance(error, RejectedError) else ""
    return f"{str(error).rstrip('.')}. {hint}" if hint else str(error)
