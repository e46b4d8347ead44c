"""Everything a stage is made of: the worlds, the catalog's apps in them, the bot's settings and rights."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web

from sandbox.cluster import Rule, SimulatedCluster
from sandbox.control.app import create_door
from sandbox.control.stage import ClusterView
from sandbox.control.stage import Stage as Worlds
from sandbox.demo.door import Door
from sandbox.demo.house import API_PATH
from sandbox.demo.simulated import WATCHES, Simulated
from sandbox.github import World
from sandbox.github.app import Door as GitHubDoor
from sandbox.registry import SandboxRegistry
from tests.contract.validator import ContractValidator
from tests.e2e.runner import JSON, ROOT, Bot, free_port
from tests.e2e.stage import Stage, repository_of

SECRET = "a secret of the end-to-end stage"
CHECKS = ("build", "test")
BOT_TOKEN = "bot-of-the-stage"
SPEED = 10.0


@dataclass(frozen=True, kw_only=True)
class Ground:
    """The cluster below a stage; `let_in` gives the bot its rights there and writes its kubeconfig to a file."""

    view: ClusterView
    let_in: Callable[[Path], None]
    binary: Path | None = None
    """The demo app's program, where containers really start."""


def environment(namespace: str, *, deploy: str = "on-merge", workload: str, **more: Any) -> JSON:
    rest: JSON = {"workload": f"deployment/{workload}", "container": "web", "deploy": deploy, "soak": "1s"}
    return {"namespace": namespace, **rest, **more}


def app(name: str, *, repository: str = "", environments: JSON | None = None, **more: Any) -> JSON:
    """A catalog's app with everything as it should be; `more` changes its keys."""
    usual = {
        "repository": repository or repository_of(name),
        "image": f"REGISTRY/{name}",
        "checks": {"require": list(CHECKS)},
        "environments": environments or {"staging": environment(f"{name}-staging", workload=name)},
    }
    return {key: value for key, value in (usual | more).items() if value is not None}


@asynccontextmanager
async def open_stage(
    folder: Path, *apps: JSON, key: str, forbidden: tuple[str, ...] = (), bot_starts: bool = True, **settings: str
) -> AsyncIterator[Stage]:
    """Everything an app of the catalog needs is there, unless the catalog names something else.

    `key` is the GitHub App's private key; the bot's cluster token has no rights in the `forbidden` namespaces.
    """
    async with SimulatedCluster(speed=SPEED) as cluster:

        def let_in(kubeconfig: Path) -> None:
            _let_in(cluster, apps, forbidden, kubeconfig)

        ground = Ground(view=Simulated(cluster), let_in=let_in)
        async with open_stage_on(ground, folder, *apps, key=key, bot_starts=bot_starts, **settings) as stage:
            yield stage


@asynccontextmanager
async def open_stage_on(
    ground: Ground, folder: Path, *apps: JSON, key: str, bot_starts: bool = True, **settings: str
) -> AsyncIterator[Stage]:
    """As `open_stage`, on any cluster."""
    async with AsyncExitStack() as stack:
        registry = await SandboxRegistry().start()
        stack.push_async_callback(registry.aclose)
        contract, world = ContractValidator(), World()
        worlds = Worlds(
            world=world, registry=registry, cluster=ground.view, image_host=registry.host, binary=ground.binary
        )
        address = await _serve(worlds, contract, stack)
        for name in ("alice", "bob"):
            world.add_user(name)
        github = world.add_app("Greenlane", private_key_pem=key, webhook_secret=SECRET, **_manifest())
        for one in apps:
            await _prepare(worlds, one, github)
        bot = Bot(settings=_settings(folder, address, github.id) | settings, folder=folder)
        (folder / "app.pem").write_text(key)
        (folder / "catalog.yaml").write_text(_catalog(apps).replace("REGISTRY", registry.host))
        ground.let_in(folder / "kubeconfig")
        github.webhook_url = f"{bot.address}/webhook"
        stack.push_async_callback(bot.aclose)
        if bot_starts:
            await bot.start()
        door = await stack.enter_async_context(Door(address))
        yield Stage(door=door, bot=bot, contract=contract, registry=registry.host, worlds=worlds)
        assert not contract.violations, "\n".join(contract.violations)


async def _serve(worlds: Worlds, contract: ContractValidator, stack: AsyncExitStack) -> str:
    """The door and, below it, the emulated GitHub, every answer and webhook held to GitHub's description."""
    worlds.world.hooks.validator = contract
    served = create_door(worlds)
    github = GitHubDoor(worlds.world, contract, API_PATH)
    served.router.add_route("*", API_PATH + "/{tail:.*}", github.handle)
    served.cleanup_ctx.append(github.deliver)
    runner = web.AppRunner(served, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    address = f"http://127.0.0.1:{runner.addresses[0][1]}"
    worlds.world.urls.serve_at(api=address + API_PATH, web=address)
    return address


async def _prepare(worlds: Worlds, one: JSON, github: Any) -> None:
    """The organisation with the App installed, the repository, and what runs before the first deploy."""
    world, cluster = worlds.world, worlds.cluster
    name = one["image"].partition("/")[2]
    owner = one["repository"].partition("/")[0]
    if owner not in world.accounts:
        world.add_org(owner)
        made = world.add_repository(one["repository"])
        for person in ("alice", "bob"):
            world.add_member(owner, person)
            world.grant(made, person, "write")
        world.install(github, owner, by="alice")
    worlds.images.setdefault(one["repository"], []).append(name)
    worlds.registry.push(name, "v1", version="v1", labels={}, binary=worlds.binary)
    for where in one["environments"]:
        await cluster.create_namespace(f"{name}-{where}")
        image = f"{worlds.image_host}/{name}:v1"
        await cluster.create_deployment(
            namespace=f"{name}-{where}", name=name, container="web", image=image, replicas=2
        )


def _manifest() -> JSON:
    """Permissions and events as the product's own manifest asks for them, not one more."""
    manifest = json.loads((ROOT / "app-manifest.json").read_text())
    return {"permissions": manifest["default_permissions"], "events": manifest["default_events"]}


def _catalog(apps: tuple[JSON, ...]) -> str:
    named = {one["image"].partition("/")[2]: one for one in apps}
    return json.dumps({"version": 1, "teams": {"payments": {"github": "acme/payments", "apps": named}}}, indent=1)


def _let_in(cluster: SimulatedCluster, apps: tuple[JSON, ...], forbidden: tuple[str, ...], kubeconfig: Path) -> None:
    """The rights of docs/connect.md: a role in each of the catalog's namespaces, and little everywhere."""
    named = {each["namespace"] for one in apps for each in one["environments"].values()}
    mine = frozenset(named - set(forbidden))
    reads = frozenset(WATCHES)
    cluster.add_token(
        BOT_TOKEN, "greenlane",
        Rule(verbs=reads | {"patch"}, resources=frozenset({"deployments"}), namespaces=mine),
        Rule(verbs=reads, resources=frozenset({"replicasets", "pods", "events"}), namespaces=mine),
        Rule(verbs=frozenset({"get"}), resources=frozenset({"pods/log"}), namespaces=mine),
        Rule(verbs=frozenset({"get"}), resources=frozenset({"namespaces"})),
        Rule(verbs=frozenset({"get", "list"}), resources=frozenset({"nodes"})),
    )  # fmt: skip
    cluster.kubeconfig(kubeconfig, token=BOT_TOKEN)


def _settings(folder: Path, address: str, app_id: int) -> dict[str, str]:
    listen = f"127.0.0.1:{free_port()}"
    return {
        "GREENLANE_GITHUB_API_URL": address + API_PATH,
        "GREENLANE_GITHUB_APP_ID": str(app_id),
        "GREENLANE_GITHUB_PRIVATE_KEY_FILE": str(folder / "app.pem"),
        "GREENLANE_WEBHOOK_SECRET": SECRET,
        "GREENLANE_DATABASE_URL": f"sqlite+aiosqlite:///{folder / 'greenlane.db'}",
        "GREENLANE_CATALOG": str(folder / "catalog.yaml"),
        "GREENLANE_LISTEN": listen,
        "GREENLANE_PUBLIC_URL": f"http://{listen}",
        "GREENLANE_LOG_FORMAT": "json",
        "KUBECONFIG": str(folder / "kubeconfig"),
    }
