"""Registering Apps, ours and foreign ones."""

import re
import secrets
from collections.abc import Iterable, Mapping

from sandbox.github.accounts import Accounts
from sandbox.github.hooks import new_guid
from sandbox.github.keys import key_pair
from sandbox.github.model import JSON, Account, App, User
from sandbox.github.urls import stamp

ACTIONS_APP_ID = 15368


class Apps(Accounts):
    """Every App has a bot account, which is who acts."""

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
        private, public = key_pair(private_key_pem)
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

    def _bot(self, slug: str) -> User:
        bot = User(id=self.short_id(), login=f"{slug}[bot]", kind="Bot", created_at=self.clock())
        self._claim(bot)
        return bot
