"""The sandbox as one thing to start and stop: emulated GitHub, registry, cluster, page and door in this process."""

import json
import socket
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from aiohttp import web

from sandbox.control.app import create_door
from sandbox.control.stage import ClusterView, Stage
from sandbox.demo.invented import CATALOG, ENVIRONMENTS, invent_company, open_proposals, run_first_versions
from sandbox.github import World
from sandbox.github.app import Door as GitHubDoor
from sandbox.github.model import App
from sandbox.page.app import add_page
from sandbox.registry import SandboxRegistry

WEBHOOK_SECRET = "demo-webhook-secret-of-the-sandbox"
API_PATH = "/api/v3"
HERE = "127.0.0.1"
MANIFEST = "app-manifest.json"
IMAGE_DEADLINE = "6s"
SOAK = "7s"
"""Longer than an image needs that crashes later; shorter than the 30 s of real life, for somebody looks on."""
PRODUCTION_SOAK = "4s"
"""What runs there has been through staging."""


class PortTakenError(Exception):
    """Something else listens where the page should be."""

    def __init__(self, port: int) -> None:
        super().__init__(f"Port {port} is taken. Choose another: make demo PORT={port + 1}")


def check_port(port: int) -> None:
    """Raises `PortTakenError`; asked early, for binding it comes late."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server: a demo that just ended is fine
        try:
            probe.bind((HERE, port))
        except OSError as error:
            raise PortTakenError(port) from error


@dataclass(kw_only=True)
class House:
    """What runs. `address` is the page's and the door's, `api` the emulated GitHub's."""

    stage: Stage
    app: App
    address: str
    api: str
    folder: Path
    _stack: AsyncExitStack = field(repr=False)

    @classmethod
    async def start(
        cls, *, registry: SandboxRegistry, image_host: str, cluster: ClusterView, binary: Path | None,
        port: int, root: Path, folder: Path,
    ) -> Self:  # fmt: skip
        """The demo world, ready before the bot starts. Raises `PortTakenError`."""
        async with AsyncExitStack() as stack:
            world = World()
            stage = Stage(world=world, registry=registry, cluster=cluster, image_host=image_host, binary=binary)
            invent_company(stage)
            door = create_door(stage)
            add_github(door, world)
            add_page(door, ENVIRONMENTS)
            address = await _serve(door, port, stack)
            api = address + API_PATH
            world.urls.serve_at(api=api, web=address)
            await run_first_versions(stage)
            open_proposals(stage)
            app = _register(world, root)
            world.install(app, "acme", by="alice")
            house = cls(stage=stage, app=app, address=address, api=api, folder=folder, _stack=stack.pop_all())
            house._write_files()
            return house

    def settings(self, *, kubeconfig: Path, listen: str) -> dict[str, str]:
        """The bot's environment."""
        return {
            "GREENLANE_GITHUB_API_URL": self.api,
            "GREENLANE_GITHUB_APP_ID": str(self.app.id),
            "GREENLANE_GITHUB_PRIVATE_KEY_FILE": str(self.folder / "app.pem"),
            "GREENLANE_WEBHOOK_SECRET": WEBHOOK_SECRET,
            "GREENLANE_DATABASE_URL": f"sqlite+aiosqlite:///{self.folder / 'greenlane.db'}",
            "GREENLANE_CATALOG": str(self.folder / "catalog.yaml"),
            "GREENLANE_LISTEN": listen,
            "GREENLANE_PUBLIC_URL": f"http://{listen}",
            "GREENLANE_LOG_FORMAT": "console",
            "KUBECONFIG": str(kubeconfig),
        }

    def send_webhooks_to(self, bot: str) -> None:
        """Now that the bot listens; what happened before has no place in the log, for there was no address."""
        self.stage.world.hooks.log.clear()
        self.app.webhook_url = f"{bot}/webhook"

    async def aclose(self) -> None:
        await self._stack.aclose()

    def _write_files(self) -> None:
        text = CATALOG.format(
            registry=self.stage.image_host, image_deadline=IMAGE_DEADLINE, soak=SOAK, production_soak=PRODUCTION_SOAK
        )
        (self.folder / "catalog.yaml").write_text(text, encoding="utf-8")
        key = self.folder / "app.pem"
        key.touch(mode=0o600)
        key.write_text(self.app.private_key_pem, encoding="utf-8")


def add_github(app: web.Application, world: World) -> None:
    """The API below the page's address, as on an Enterprise Server, so that the bot's links lead to the page."""
    door = GitHubDoor(world, None, API_PATH)
    app.router.add_route("*", API_PATH + "/{tail:.*}", door.handle)
    app.cleanup_ctx.append(door.deliver)


def _register(world: World, root: Path) -> App:
    """The App with the permissions and events of its own manifest, not one more."""
    manifest = json.loads((root / MANIFEST).read_text(encoding="utf-8"))
    return world.add_app(
        manifest["name"], webhook_secret=WEBHOOK_SECRET,
        permissions=manifest["default_permissions"], events=manifest["default_events"],
    )  # fmt: skip


async def _serve(app: web.Application, port: int, stack: AsyncExitStack) -> str:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=2)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    try:
        await web.TCPSite(runner, HERE, port).start()
    except OSError as error:
        raise PortTakenError(port) from error
    return f"http://{HERE}:{runner.addresses[0][1]}"
