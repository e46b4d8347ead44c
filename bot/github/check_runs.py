"""Writes of our check run, recognised by its `external_id`."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal, Protocol

from bot.domain.intent import Repository
from bot.errors import BrokenError
from bot.github import answers
from bot.github.access import RepositoryAccess
from bot.github.errors import NotFoundError
from bot.github.texts import cut, cut_output

# https://docs.github.com/rest/checks/runs#create-a-check-run
MOST_ACTIONS = 3
ACTION_LABEL = 20
ACTION_DESCRIPTION = 40
ACTION_IDENTIFIER = 20

CheckStatus = Literal["queued", "in_progress", "completed"]
CheckConclusion = Literal["success", "failure", "neutral", "cancelled"]


class Output(Protocol):
    """What a check run shows, in Markdown; texts that are too long are cut."""

    @property
    def title(self) -> str: ...
    @property
    def summary(self) -> str: ...
    @property
    def text(self) -> str: ...


class Action(Protocol):
    """A button; GitHub tells us of a click by `identifier`."""

    @property
    def label(self) -> str: ...
    @property
    def description(self) -> str: ...
    @property
    def identifier(self) -> str: ...


class CheckRunWrites:
    """`GitHubWrites.ensure_check_run`."""

    def __init__(self, access: RepositoryAccess, *, app_id: int) -> None:
        self._access = access
        self._app_id = app_id

    async def ensure_check_run(
        self,
        repository: Repository,
        *,
        external_id: str,
        known_id: int | None,
        sha: str,
        name: str,
        status: CheckStatus,
        conclusion: CheckConclusion | None,
        started_at: datetime | None,
        completed_at: datetime | None,
        details_url: str,
        output: Output,
        actions: Sequence[Action],
        retry: bool,
    ) -> int:
        """Id of our check run, brought to this state. A known one that is gone is made anew.

        `conclusion` goes with `completed` only: GitHub would complete the run for it. Raises `BrokenError` for
        buttons that GitHub would refuse.
        """
        body: dict[str, object] = {
            "name": name,
            "external_id": external_id,
            "status": status,
            "output": _to_output(output),
            "actions": _to_actions(actions),
            **_optional(
                conclusion=conclusion if status == "completed" else None,
                started_at=_stamp(started_at),
                completed_at=_stamp(completed_at) if status == "completed" else None,
                details_url=details_url or None,
            ),
        }
        if known_id is not None:
            try:
                return await self._update(repository, known_id, body)
            except NotFoundError:
                retry = True
        if retry and (found := await self._find_run(repository, sha=sha, name=name, external_id=external_id)):
            return await self._update(repository, found, body)
        answer = await self._access.send(repository, "POST", "/check-runs", {**body, "head_sha": sha})
        return answers.to_struct(answer.data, answers.Created).id

    async def _update(self, repository: Repository, number: int, body: dict[str, object]) -> int:
        answer = await self._access.send(repository, "PATCH", "/check-runs/{number}", body, number=str(number))
        return answers.to_struct(answer.data, answers.Created).id

    async def _find_run(self, repository: Repository, *, sha: str, name: str, external_id: str) -> int | None:
        found = await self._access.pages(
            repository,
            "/commits/{sha}/check-runs{?check_name,app_id,filter,per_page}",
            answers.Run,
            key="check_runs",
            sha=sha,
            check_name=name,
            app_id=str(self._app_id),
            filter="all",
        )
        ours = [run for run in found if run.app is not None and run.app.id == self._app_id]
        return max((run.id for run in ours if run.external_id == external_id), default=None)


def _to_output(output: Output) -> dict[str, str]:
    return {
        "title": output.title,
        "summary": cut_output(output.summary),
        **_optional(text=cut_output(output.text) or None),
    }


def _to_actions(actions: Sequence[Action]) -> list[dict[str, str]]:
    """Texts are cut; an identifier that is cut would be another button."""
    if len(actions) > MOST_ACTIONS or any(len(one.identifier) > ACTION_IDENTIFIER for one in actions):
        raise BrokenError(f"a check run takes {MOST_ACTIONS} buttons with short identifiers, not {len(actions)}")
    return [
        {
            "label": cut(one.label, ACTION_LABEL),
            "description": cut(one.description, ACTION_DESCRIPTION),
            "identifier": one.identifier,
        }
        for one in actions
    ]


def _optional(**fields: str | None) -> dict[str, str]:
    return {name: value for name, value in fields.items() if value is not None}


def _stamp(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None
