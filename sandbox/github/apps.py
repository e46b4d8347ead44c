"""Apps, their installations and tokens."""

import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from sandbox.github.accounts import Accounts
from sandbox.github.errors import RefusedError, not_found
from sandbox.github.hooks import new_guid
from sandbox.github.model import JSON, Account, App, Installation, Repository, Token, User
from sandbox.github.state import Repo, Who
from sandbox.github.urls import node_id, stamp

ACTIONS_APP_ID = 15368
TOKEN_LIFE = timedelta(hours=1)


class Apps(Accounts):
    """Registering, installing, suspending and removing Apps."""

    def add_app(
        self,
        name: str,
        *,
        app_id: int | None = None,
        private_key_pem: str | None = None,
        webhook_url: str = "",
        webhook_secret: str = "",
        permissions: Mapping[str, str] | None = None,
        events: Iterable[str] = (),
        owner: Account | None = None,
    ) -> App:
        """A key pair is made when none is given."""
        slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
        private, public = _key_pair(private_key_pem)
        app = App(
            id=app_id or self.short_id(),
            slug=slug,
            name=name,
            owner=owner or self.accounts.get("github") or self.add_org("github"),
            bot=self._bot(slug),
            hook_id=self.short_id(),
            client_id=f"Iv23li{secrets.token_hex(7)}",
            private_key_pem=private,
            public_key_pem=public,
            webhook_url=webhook_url,
            webhook_secret=webhook_secret,
            permissions={"metadata": "read", **(permissions or {})},
            events=tuple(events),
            created_at=self.clock(),
        )
        self.apps[app.id] = app
        return app

    def app_by_slug(self, slug: str) -> App:
        """A foreign App comes into being when it is first named; `github-actions` has its real id."""
        for app in self.apps.values():
            if app.slug == slug:
                return app
        made = App(
            id=ACTIONS_APP_ID if slug == "github-actions" else self.short_id(),
            slug=slug,
            name="GitHub Actions" if slug == "github-actions" else slug,
            owner=self.accounts.get("github") or self.add_org("github"),
            bot=self._bot(slug),
            hook_id=self.short_id(),
            client_id=f"Iv23li{secrets.token_hex(7)}",
            permissions={"metadata": "read", "checks": "write"},
            created_at=self.clock(),
        )
        self.apps[made.id] = made
        return made

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

    def ping(self, app: App) -> None:
        """GitHub's hello to a new webhook."""
        config = {"content_type": "json", "insecure_ssl": "0", "secret": "********", "url": app.webhook_url}
        hook: JSON = {
            "type": "App",
            "id": app.hook_id,
            "name": "web",
            "active": True,
            "events": list(app.events),
            "config": config,
            "updated_at": stamp(app.created_at),
            "created_at": stamp(app.created_at),
            "app_id": app.id,
            "deliveries_url": f"{self.urls.api}/app/hook/deliveries",
        }
        payload = {"zen": "Keep it logically awesome.", "hook_id": app.hook_id, "hook": hook}
        self.hooks.post(
            app=app,
            guid=new_guid(),
            event="ping",
            action=None,
            payload=payload,
            installation_id=None,
            repository_id=None,
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

    def _bot(self, slug: str) -> User:
        bot = User(id=self.short_id(), login=f"{slug}[bot]", kind="Bot", created_at=self.clock())
        self._claim(bot)
        return bot


def _short(repository: Repository) -> JSON:
    return {
        "id": repository.id,
        "node_id": node_id("R_", repository.id),
        "name": repository.name,
        "full_name": repository.full_name,
        "private": repository.private,
    }


def _key_pair(private_pem: str | None) -> tuple[str, str]:
    if private_pem:
        key = serialization.load_pem_private_key(private_pem.encode(), password=None)
    else:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()
