"""Who hears of what: subscriptions, permissions and the parts every payload has."""

from typing import Any

from sandbox.github.hooks import new_guid
from sandbox.github.model import JSON, Account, App, Installation, Org, Repository
from sandbox.github.show.accounts import show_account, show_installation, show_org
from sandbox.github.show.repositories import show_pushed_repository, show_repository
from sandbox.github.state import State
from sandbox.github.urls import node_id

NEEDS = {
    "push": ("contents",),
    "pull_request": ("pull_requests",),
    "pull_request_review": ("pull_requests",),
    "issue_comment": ("issues", "pull_requests"),
    "check_run": ("checks",),
    "check_suite": ("checks",),
    "status": ("statuses",),
    "workflow_run": ("actions",),
    "deployment": ("deployments",),
    "deployment_status": ("deployments",),
    "repository": ("metadata",),
}
ALWAYS = {"installation", "installation_repositories"}


class Events(State):
    """Puts events on their way to every App that is entitled to them, the acting one included."""

    def emit(
        self,
        event: str,
        action: str | None,
        *,
        repository: Repository,
        sender: Account,
        body: JSON,
        stale: JSON | None = None,
        only: App | None = None,
        need: tuple[str, str] | None = None,
    ) -> None:
        """One GUID for all receivers. `stale` replaces parts of the body in the stale-snapshot mode.

        `need` is a permission and level asked on top of the event's own (`("checks", "write")`).
        """
        guid = new_guid()
        if stale and self.hooks.mode.stale and self.hooks.mode.touches(event):
            body = body | stale
        for installation in self.installations.values():
            if only not in (None, installation.app) or not self._hears(installation, event, repository, need):
                continue
            self.hooks.post(
                app=installation.app,
                guid=guid,
                event=event,
                action=action,
                payload=self._payload(event, action, repository, sender, body, installation),
                installation_id=installation.id,
                repository_id=repository.id,
            )

    def emit_installation(
        self, event: str, action: str, *, installation: Installation, sender: Account, body: JSON
    ) -> None:
        """Installation events come unasked, to their own App only."""
        account = installation.account
        payload = {"action": action, "installation": show_installation(self.urls, installation)} | body
        if isinstance(account, Org):
            payload["organization"] = show_org(self.urls, account)
        payload["sender"] = show_account(self.urls, sender)
        self.hooks.post(
            app=installation.app,
            guid=new_guid(),
            event=event,
            action=action,
            payload=payload,
            installation_id=installation.id,
            repository_id=None,
        )

    def _hears(
        self, installation: Installation, event: str, repository: Repository, need: tuple[str, str] | None
    ) -> bool:
        app, granted = installation.app, installation.permissions
        if not app.webhook_url or installation.suspended_at or not installation.covers(repository):
            return False
        automatic = event in {"check_run", "check_suite"} and granted.get("checks") == "write"
        if event not in app.events and event not in ALWAYS and not automatic:
            return False
        if need and granted.get(need[0]) != need[1]:
            return False
        return any(granted.get(key) for key in NEEDS.get(event, ("metadata",)))

    def _payload(
        self,
        event: str,
        action: str | None,
        repository: Repository,
        sender: Account,
        body: JSON,
        installation: Installation,
    ) -> dict[str, Any]:
        show = show_pushed_repository if event == "push" else show_repository
        payload: dict[str, Any] = {"action": action} if action else {}
        payload |= body | {"repository": show(self.urls, repository)}
        if isinstance(repository.owner, Org):
            payload["organization"] = show_org(self.urls, repository.owner)
        payload["sender"] = show_account(self.urls, sender)
        payload["installation"] = {
            "id": installation.id,
            "node_id": node_id("MDIzOkluc3RhbGxhdGlvbg", installation.id),
        }
        return payload
