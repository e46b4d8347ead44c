"""A stage for end-to-end scenes: the sandbox in this process, the real bot in its own, both driven from outside.

Each app has its own organisation, repository and namespaces, so that scenes on one stage do not meet:
neither at a fault, nor at the pace at which one installation is written to.
"""

import asyncio
import json
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from aiohttp import web

from sandbox.cluster import Rule, SimulatedCluster
from sandbox.control.app import create_door
from sandbox.control.stage import ClusterView
from sandbox.control.stage import Stage as Worlds
from sandbox.demo.botprocess import BotError, BotProcess
from sandbox.demo.door import Door
from sandbox.demo.house import API_PATH
from sandbox.demo.simulated import WATCHES, Simulated
from sandbox.github import World
from sandbox.github.app import Door as GitHubDoor
from sandbox.registry import SandboxRegistry
from tests.contract.validator import ContractValidator

ROOT = Path(__file__).resolve().parents[2]
SECRET = "a secret of the end-to-end stage"
CHECKS = ("build", "test")
BOT_TOKEN = "bot-of-the-stage"
SPEED = 10.0
PATIENCE = 20.0

JSON = dict[str, Any]
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Ground:
    """The cluster below a stage; `let_in` gives the bot its rights there and writes its kubeconfig to a file."""

    view: ClusterView
    let_in: Callable[[Path], None]
    binary: Path | None = None
    """The demo app's program, where containers really start."""


@dataclass(frozen=True, kw_only=True)
class Merged:
    """A merged pull request of the app `app`; `sha` is the commit it became."""

    app: str
    repository: str
    number: int
    sha: str


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


def repository_of(name: str) -> str:
    return f"{name}-org/{name}"


@dataclass(kw_only=True)
class Bot:
    """`python -m bot serve`, which may be killed and started again. `starts` are seconds until it was ready."""

    settings: dict[str, str]
    folder: Path
    name: str = "bot"
    starts: list[float] = field(default_factory=list)
    _process: BotProcess | None = None

    @property
    def address(self) -> str:
        return f"http://{self.settings['GREENLANE_LISTEN']}"

    async def start(self) -> None:
        begin = time.monotonic()
        log = self.folder / f"{self.name}.log"
        self._process = await BotProcess.start(self.settings, root=ROOT, log=log)
        await self._process.ready(self.address)
        self.starts.append(time.monotonic() - begin)

    async def kill(self) -> None:
        """SIGKILL: it gets no chance to tidy up."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> float:
        """SIGTERM; the seconds it took."""
        begin = time.monotonic()
        await self._end(signal.SIGTERM)
        return time.monotonic() - begin

    async def restart(self) -> None:
        await self.stop()
        await self.start()

    async def aclose(self) -> None:
        if self._process is not None:
            await self._process.aclose()

    def log(self, event: str = "") -> list[JSON]:
        """The log's lines with that event name, or all."""
        file = self.folder / f"{self.name}.log"
        lines = [json.loads(line) for line in file.read_text().splitlines() if line.startswith("{")]
        return [line for line in lines if event in ("", line["event"])]

    async def _end(self, number: signal.Signals) -> None:
        assert self._process is not None
        os.kill(self._process.pid, number)
        with suppress(BotError):
            async with asyncio.timeout(10):
                await self._process.ended()
        await self._process.aclose()
        self._process = None


@dataclass(kw_only=True)
class Stage:
    """What a scene needs: the door to act through and to read back, the bot, and what it must never violate."""

    door: Door
    bot: Bot
    contract: ContractValidator
    registry: str
    """`host:port`."""

    async def open_pull(self, name: str, *, title: str = "A change", repository: str = "", **more: Any) -> int:
        repository = repository or repository_of(name)
        branch = f"branch-{time.monotonic_ns()}"
        body = {"head": branch, "author": "alice", "files": {f"{branch}.py": "1\n"}} | more
        opened = await self.door.post(f"/repos/{repository}/pulls", title=title, **body)
        return int(opened["number"])

    async def merge(self, name: str, *, method: str = "merge", repository: str = "", **more: Any) -> Merged:
        """A pull request is opened by alice and merged by bob; its CI has not said anything yet."""
        repository = repository or repository_of(name)
        number = await self.open_pull(name, repository=repository, **more)
        done = await self.door.post(f"/repos/{repository}/pulls/{number}/merge", by="bob", method=method)
        return Merged(app=name, repository=repository, number=number, sha=done["merge_commit_sha"])

    async def ci(self, merged: Merged, result: str = "pass", **more: Any) -> None:
        """CI of the merged commit: pushes the image, then reports its checks."""
        await self.door.post(f"/repos/{merged.repository}/pulls/{merged.number}/ci", result=result, **more)

    async def fault(self, where: str, **how: Any) -> None:
        await self.door.post("/faults", where=where, **how)

    async def until(self, look: Callable[[], Awaitable[T]], holds: Callable[[T], Any], seconds: float = PATIENCE) -> T:
        """The first look that holds. Fails with what was seen last."""
        deadline = time.monotonic() + seconds
        while not holds(seen := await look()):
            assert time.monotonic() < deadline, f"not within {seconds:g} s; last seen: {seen}"
            await asyncio.sleep(0.05)
        return seen

    async def deployments(self, merged: Merged) -> list[JSON]:
        """GitHub's deployments of the merged commit."""
        everything = await self.door.get(f"/repos/{merged.repository}/deployments")
        return [each for each in everything if each["sha"] == merged.sha]

    async def deployed(
        self, merged: Merged, *, state: str = "success", times: int = 1, seconds: float = PATIENCE
    ) -> list[JSON]:
        """The commit's deployments once so many, and all there are, are in that state; their check runs are there."""

        async def look() -> tuple[list[JSON], list[JSON]]:
            return await self.deployments(merged), await self.own_checks(merged)

        def holds(seen: tuple[list[JSON], list[JSON]]) -> bool:
            found, checks = seen
            return min(len(found), len(checks)) >= times and all(each["state"] == state for each in found)

        return (await self.until(look, holds, seconds))[0]

    async def own_checks(self, merged: Merged) -> list[JSON]:
        """The bot's check runs on the commit, repeated ones included."""
        runs = await self.door.get(f"/repos/{merged.repository}/check-runs")
        return [each for each in runs if each["sha"] == merged.sha and each["name"].startswith("greenlane / ")]

    async def bot_comments(self, merged: Merged) -> list[str]:
        """Texts of the bot's comments on the pull request, oldest first."""
        pull = await self.door.pull(merged.repository, merged.number)
        return [each["body"] for each in pull["comments"] if each["is_bot"]]

    async def said(self, merged: Merged, *words: str, seconds: float = PATIENCE) -> str:
        """The bot's comments once they have all the words, in one text."""

        async def look() -> str:
            return "\n".join(await self.bot_comments(merged))

        return await self.until(look, lambda text: all(word in text for word in words), seconds)

    async def workload(self, name: str, where: str = "staging") -> JSON:
        """`image`, `generation`, `annotations` of an app's workload in an environment's namespace."""
        objects = await self.door.get(f"/cluster/{name}-{where}")
        found = next(each for each in objects["deployments"] if each["metadata"]["name"] == name)
        image = found["spec"]["template"]["spec"]["containers"][0]["image"]
        about = found["metadata"]
        return {"image": image, "generation": about["generation"], "annotations": about.get("annotations", {})}

    async def writes(self, repository: str) -> list[str]:
        """Operations by which the bot changed something people see."""
        written = await self.door.get("/requests?writes=1")
        return [each["operation"] for each in written if f"/repos/{repository}/" in each["path"]]

    async def intents(self, merged: Merged | None = None) -> list[JSON]:
        """`greenlane intents --json`, of one commit or all."""
        code, out, error = await greenlane("intents", "--json", settings=self.bot.settings)
        assert code == 0, error
        found: list[JSON] = json.loads(out)
        return [each for each in found if merged is None or each["sha"] == merged.sha]


async def greenlane(*arguments: str, settings: Mapping[str, str]) -> tuple[int, str, str]:
    """A command to its end: exit code, output, errors."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", *arguments, cwd=ROOT, env={"PATH": os.environ["PATH"], **settings},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    async with asyncio.timeout(30):
        out, error = await process.communicate()
    return process.returncode or 0, out.decode(), error.decode()


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
        yield Stage(door=door, bot=bot, contract=contract, registry=registry.host)
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


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
