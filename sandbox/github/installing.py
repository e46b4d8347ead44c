"""Installing Apps on accounts, and the tokens of an installation."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import timedelta

from sandbox.github.apps import Apps
from sandbox.github.errors import RefusedError, not_found
from sandbox.github.model import JSON, Account, App, Installation, Repository, Token
from sandbox.github.state import Repo, Who
from sandbox.github.urls import node_id

TOKEN_LIFE = timedelta(hours=1)


class Installing(Apps):
    """Installing, suspending and removing Apps."""

    def install(
        self,
        app: App,
        account: Account | str,
        repositories: Sequence[Repo] | None = None,
        *,
        permissions: Mapping[str, str] | None = None,
        by: Who | None = None,
    ) -> Installation:
        """`repositories` None is «all»; `permissions` are what the owner accepted so far, default what is asked."""
        where = self.accounts[account.lower()] if isinstance(account, str) else account
        now = self.clock()
        installation = Installation(
            id=self.short_id(),
            app=app,
            account=where,
            repositories=None if repositories is None else [self.repository(repo) for repo in repositories],
            permissions=dict(app.permissions if permissions is None else permissions),
            created_at=now,
            updated_at=now,
        )
        self.installations[installation.id] = installation
        shown = [_short(repo) for repo in self.reachable(installation)]
        sender = self.user(by) if by else where
        body: JSON = {"repositories": shown, "requester": None}
        self.emit_installation("installation", "created", installation=installation, sender=sender, body=body)
        return installation

    def uninstall(self, installation: Installation, *, by: Who | None = None) -> None:
        del self.installations[installation.id]
        shown = [_short(repo) for repo in self.reachable(installation)]
        self._drop_tokens(installation)
        sender = self.user(by) if by else installation.account
        body: JSON = {"repositories": shown}
        self.emit_installation("installation", "deleted", installation=installation, sender=sender, body=body)

    def suspend(self, installation: Installation, *, by: Who) -> None:
        installation.suspended_at, installation.suspended_by = self.clock(), self.user(by)
        self.emit_installation(
            "installation", "suspend", installation=installation, sender=self.user(by), body={"repositories": []}
        )

    def unsuspend(self, installation: Installation, *, by: Who) -> None:
        installation.suspended_at = installation.suspended_by = None
        self.emit_installation(
            "installation", "unsuspend", installation=installation, sender=self.user(by), body={"repositories": []}
        )

    def change_repositories(
        self, installation: Installation, *, add: Sequence[Repo] = (), remove: Sequence[Repo] = (), by: Who
    ) -> None:
        """Only for installations on selected repositories."""
        chosen = installation.repositories
        if chosen is None:
            raise RefusedError(422, "The installation covers all repositories")
        added, removed = [self.repository(repo) for repo in add], [self.repository(repo) for repo in remove]
        chosen.extend(added)
        chosen[:] = [repo for repo in chosen if repo not in removed]
        for action, listed in (("added", added), ("removed", removed)):
            if listed:
                body = {
                    "repository_selection": "selected",
                    "repositories_added": [_short(repo) for repo in added] if action == "added" else [],
                    "repositories_removed": [_short(repo) for repo in removed] if action == "removed" else [],
                    "requester": None,
                }
                self.emit_installation(
                    "installation_repositories",
                    action,
                    installation=installation,
                    sender=self.user(by),
                    body=body,
                )

    def reachable(self, installation: Installation) -> list[Repository]:
        return [repo for repo in self.repositories.values() if installation.covers(repo)]

    def mint_token(
        self,
        installation: Installation,
        *,
        repositories: list[Repository] | None,
        permissions: Mapping[str, str] | None,
    ) -> Token:
        """One hour. Asking for more than granted is refused with 422."""
        granted = installation.permissions
        asked = dict(granted if permissions is None else permissions) | {"metadata": "read"}
        for name, level in asked.items():
            if granted.get(name) not in (level, "write"):
                raise RefusedError(422, "The permissions requested are not granted to this installation.")
        token = Token(
            value=f"ghs_{installation.app.id}_{secrets.token_urlsafe(90)}",
            installation=installation,
            permissions=asked,
            repositories=repositories,
            created_at=self.clock(),
            expires_at=self.clock() + TOKEN_LIFE,
        )
        self.tokens[token.value] = token
        return token

    def revoke(self, token: Token) -> None:
        if self.tokens.pop(token.value, None) is None:
            raise not_found()

    def _drop_tokens(self, installation: Installation) -> None:
        self.tokens = {value: token for value, token in self.tokens.items() if token.installation is not installation}


def _short(repository: Repository) -> JSON:
    return {
        "id": repository.id,
        "node_id": node_id("R_", repository.id),
        "name": repository.name,
        "full_name": repository.full_name,
        "private": repository.private,
    }
