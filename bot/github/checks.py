"""Reads of what CI said about a commit, and of what a branch asks for."""

from collections.abc import Iterable, Sequence

from bot.domain.gate import CheckRun, CheckSuite, CommitChecks, CommitStatus, Required
from bot.domain.intent import Repository
from bot.errors import TransientError
from bot.github import answers
from bot.github.access import RepositoryAccess
from bot.github.at_once import at_once
from bot.github.errors import ForbiddenError, InvalidError, NotFoundError
from bot.github.identity import StatusAuthors

_NO_APP = answers.App(id=0)
_NOT_ON_THIS_PLAN = "upgrade to github"


class CheckReads:
    """`GitHubReads.checks` and `.required_checks`."""

    def __init__(self, access: RepositoryAccess, authors: StatusAuthors) -> None:
        self._access = access
        self._authors = authors

    async def checks(self, repository: Repository, sha: str) -> CommitChecks:
        """All pages of runs, statuses and suites, or an error: never a part of them.

        A commit that GitHub does not know (yet) raises `TransientError`: a webhook may be ahead of the API.
        """
        try:
            async with at_once() as tasks:
                runs = tasks.create_task(self._runs(repository, sha))
                statuses = tasks.create_task(self._statuses(repository, sha))
                suites = tasks.create_task(self._suites(repository, sha))
        except (NotFoundError, InvalidError) as error:
            raise TransientError(f"GitHub does not show commit {sha[:7]} (yet)") from error
        return CommitChecks(runs=runs.result(), statuses=statuses.result(), suites=suites.result())

    async def required_checks(self, repository: Repository, branch: str) -> Sequence[Required]:
        """Rulesets and classic protection together; what can't be read is never taken for nothing."""
        try:
            async with at_once() as tasks:
                by_rulesets = tasks.create_task(self._by_rulesets(repository, branch))
                by_protection = tasks.create_task(self._by_protection(repository, branch))
        except (NotFoundError, ForbiddenError) as error:
            raise TransientError(f"the rules of branch {branch} can't be read: {error}") from error
        return tuple(dict.fromkeys([*by_rulesets.result(), *by_protection.result()]))

    async def _runs(self, repository: Repository, sha: str) -> tuple[CheckRun, ...]:
        found = await self._access.pages(
            repository,
            "/commits/{sha}/check-runs{?filter,per_page}",
            answers.Run,
            key="check_runs",
            sha=sha,
            filter="latest",
        )
        return tuple(_to_check_run(run) for run in found)

    async def _statuses(self, repository: Repository, sha: str) -> tuple[CommitStatus, ...]:
        """The whole list, not the combined view: only the list says who set a status."""
        found = await self._access.pages(repository, "/commits/{sha}/statuses{?per_page}", answers.Status, sha=sha)
        newest: dict[str, answers.Status] = {}
        for status in sorted(found, key=lambda status: status.id):
            newest[status.context.casefold()] = status
        return tuple([await self._to_commit_status(status) for status in newest.values()])

    async def _to_commit_status(self, status: answers.Status) -> CommitStatus:
        return CommitStatus(
            id=status.id,
            context=status.context,
            state=status.state,
            app_id=await self._authors.app_id(status.creator),
            url=status.target_url or "",
            updated_at=status.updated_at,
        )

    async def _suites(self, repository: Repository, sha: str) -> tuple[CheckSuite, ...]:
        found = await self._access.pages(
            repository,
            "/commits/{sha}/check-suites{?per_page}",
            answers.Suite,
            key="check_suites",
            sha=sha,
        )
        return tuple(_to_check_suite(suite) for suite in found)

    async def _by_rulesets(self, repository: Repository, branch: str) -> list[Required]:
        try:
            rules = await self._access.pages(
                repository, "/rules/branches/{branch}{?per_page}", answers.Rule, branch=branch
            )
        except ForbiddenError as error:
            # Private repositories on a free plan have no rulesets, and GitHub says so with a 403.
            if error.refusal.message.lower().startswith(_NOT_ON_THIS_PLAN):
                return []
            raise
        return list(_required_by(rules))

    async def _by_protection(self, repository: Repository, branch: str) -> list[Required]:
        """The summary in the branch itself; the full protection needs administration rights."""
        found = await self._access.get(repository, "/branches/{branch}", answers.Branch, branch=branch)
        checks = found.protection.required_status_checks if found.protection else None
        if checks is None or checks.enforcement_level == "off":
            return []
        pinned = [Required(name=one.context, app_id=_to_app_id(one.app_id)) for one in checks.checks]
        known = {one.name for one in pinned}
        return [*pinned, *(Required(name=name) for name in checks.contexts if name not in known)]


def _required_by(rules: Iterable[answers.Rule]) -> Iterable[Required]:
    for rule in rules:
        if rule.type == "required_status_checks":
            parameters = answers.to_struct(rule.parameters, answers.RuleParameters)
            for one in parameters.required_status_checks:
                yield Required(name=one.context, app_id=_to_app_id(one.integration_id))


def _to_app_id(said: int | None) -> int | None:
    """-1 is how protection writes "any source"."""
    return None if said == -1 else said


def _to_check_run(run: answers.Run) -> CheckRun:
    app = run.app or _NO_APP
    return CheckRun(
        id=run.id,
        name=run.name,
        app_id=app.id,
        app_slug=app.slug,
        status=run.status,
        conclusion=run.conclusion,
        url=run.html_url or "",
        started_at=run.started_at,
    )


def _to_check_suite(suite: answers.Suite) -> CheckSuite:
    app = suite.app or _NO_APP
    return CheckSuite(
        app_id=app.id,
        app_slug=app.slug,
        status=suite.status or "",
        conclusion=suite.conclusion,
        runs=suite.latest_check_runs_count,
        created_at=suite.created_at,
    )
