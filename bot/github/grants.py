"""What owners granted to the App, against what it needs: for `greenlane doctor`."""

from collections.abc import Mapping, Sequence
from typing import Final

from bot.errors import RejectedError
from bot.github import answers
from bot.github.app_calls import AppCalls
from bot.github.tokens import NEEDED, covers

PERMISSIONS: Final[Mapping[str, str]] = {**NEEDED, "actions": "read"}
"""Beyond the tokens' rights: GitHub sends `workflow_run` only to Apps that may read actions."""
EVENTS: Final = ("check_run", "check_suite", "issue_comment", "pull_request", "push", "status", "workflow_run")


class Grants:
    """Reads permissions and events as the App itself, so that a missing right can't hide them."""

    def __init__(self, app: AppCalls) -> None:
        self._app = app

    async def app(self) -> tuple[str, int]:
        """Slug and id of the App that our key belongs to. Raises as `AppCalls.get`."""
        said = answers.to_struct(await self._app.get("/app"), answers.App)
        return said.slug, said.id

    async def missing(self, installation_id: int) -> Sequence[str]:
        """``permission `checks: write` `` or ``event `push` ``, each that the installation lacks; empty is good.

        Raises `RejectedError` (`github_suspended`) for a suspended installation.
        """
        said = await self._app.get("/app/installations/{installation}", installation=str(installation_id))
        granted = answers.to_struct(said, answers.Installation)
        if granted.suspended_at is not None:
            hint = "An owner can unsuspend it under Settings, GitHub Apps."
            raise RejectedError("github_suspended", "the App's installation is suspended", hint=hint)
        rights = [
            f"permission `{name}: {level}`"
            for name, level in PERMISSIONS.items()
            if not covers(granted.permissions.get(name, ""), level)
        ]
        return [*rights, *(f"event `{each}`" for each in EVENTS if each not in granted.events)]
