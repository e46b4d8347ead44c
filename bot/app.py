"""The composition root: the only module that sees everything. Settings in, a running server out."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import structlog
from aiohttp import web

from bot import __version__
from bot.cluster.adapter import KubernetesCluster
from bot.engine.engine import Engine
from bot.engine.ports import GitHubGrants
from bot.engine.tools import Tools
from bot.errors import SettingsError, TransientError
from bot.github.adapter import GitHubApp
from bot.github.client import open_session
from bot.intake.webhook import MAX_BODY, Webhook
from bot.registry.client import OciRegistry
from bot.registry.credentials import Credentials
from bot.settings import Settings
from bot.storage import schema
from bot.storage.catalog import read_catalog
from bot.storage.database import Database
from bot.telemetry.metrics import CONTENT_TYPE, Metrics

SHUTDOWN_SECONDS = 2.0
"""How long a webhook that is being stored may still take; GitHub sends it again when asked to."""

log = structlog.get_logger("greenlane")


@dataclass(frozen=True, kw_only=True, slots=True)
class Bot:
    """Everything one process needs, wired."""

    database: Database
    tools: Tools
    engine: Engine
    webhook: Webhook
    metrics: Metrics
    grants: GitHubGrants
    cluster_problem: str = ""
    """Why the cluster can't be asked at all; only with `look_only`."""


def now() -> datetime:
    """The clock of a real process; everything else takes it as an argument."""
    return datetime.now(UTC)


def web_url(api_url: str) -> str:
    """Where people see what the API describes: github.com, or an Enterprise Server's own host."""
    parts = urlsplit(api_url)
    if parts.hostname == "api.github.com":
        return "https://github.com"
    return f"{parts.scheme}://{parts.netloc}{parts.path.removesuffix('/api/v3').rstrip('/')}"


@contextlib.asynccontextmanager
async def open_bot(settings: Settings, *, look_only: bool = False) -> AsyncIterator[Bot]:
    """Wire a bot; everything it opened is closed again.

    `look_only` is for `doctor`: the schema stays as it is, and a missing cluster is told instead of raised.
    """
    catalog = read_catalog(settings.catalog)
    metrics = Metrics()
    async with contextlib.AsyncExitStack() as stack:
        database = Database(settings.database_url.get_secret_value())
        stack.push_async_callback(database.aclose)
        if not look_only:
            await prepare_schema(database)
        github = GitHubApp(
            api_url=settings.github_api_url,
            app_id=settings.github_app.id,
            private_key=settings.github_app.private_key.get_secret_value(),
            session=await stack.enter_async_context(open_session(on_answer=metrics.github_request)),
            clock=now,
        )
        registry = await stack.enter_async_context(
            OciRegistry(
                credentials=Credentials(settings.registry_credentials),
                plain_http=settings.registry_plain_http,
                realms=settings.registry_realms,
            )
        )
        cluster = KubernetesCluster(Path(settings.kubeconfig) if settings.kubeconfig else None)
        stack.push_async_callback(cluster.aclose)
        cluster_problem = await _start(cluster, look_only=look_only)
        tools = Tools(
            database=database,
            github=github.reads,
            registry=registry,
            cluster=cluster,
            catalog=catalog,
            own_app_id=settings.github_app.id,
            clock=now,
            forget_installation=github.forget_installation,
        )
        engine = Engine(tools, writes=github.writes, metrics=metrics, web_url=web_url(settings.github_api_url))
        webhook = Webhook(
            database=database,
            secrets=settings.webhook_secrets,
            own_app_id=settings.github_app.id,
            is_ours=lambda repository_id, name: bool(catalog.apps_of(name, repository_id)),
            on_stored=engine.delivery_stored,
            count=metrics.delivery,
            clock=now,
        )
        yield Bot(
            database=database,
            tools=tools,
            engine=engine,
            webhook=webhook,
            metrics=metrics,
            grants=github.grants,
            cluster_problem=cluster_problem,
        )


async def _start(cluster: KubernetesCluster, *, look_only: bool) -> str:
    """Load the cluster's credentials; what is wrong with them, where that is only to be told."""
    try:
        await cluster.start()
    except SettingsError as error:
        if not look_only:
            raise
        return str(error)
    return ""


async def prepare_schema(database: Database) -> None:
    """SQLite is migrated by its only user; PostgreSQL, shared by replicas, by the operator's command."""
    if database.is_sqlite:
        await schema.upgrade(database)
    elif not await schema.is_current(database):
        raise SettingsError("the database's schema is not current; run `greenlane migrate`, then start again")


def create_server(bot: Bot) -> web.Application:
    """The HTTP side: the webhook and what operators look at."""
    server = web.Application(client_max_size=MAX_BODY)

    async def healthz(_: web.Request) -> web.Response:
        return web.json_response({"status": "alive", "version": __version__})

    async def readyz(_: web.Request) -> web.Response:
        problems = await unready(bot)
        return web.json_response({"ready": not problems, "problems": problems}, status=503 if problems else 200)

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(body=bot.metrics.render(), headers={"Content-Type": CONTENT_TYPE})

    server.router.add_post("/webhook", bot.webhook.handle)
    server.router.add_get("/healthz", healthz)
    server.router.add_get("/readyz", readyz)
    server.router.add_get("/metrics", metrics)
    return server


async def unready(bot: Bot) -> list[str]:
    """Why this process should get no traffic; empty when it should."""
    try:
        if not await schema.is_current(bot.database):
            return ["the database's schema is not current"]
    except TransientError as error:
        return [str(error)]
    return [] if bot.engine.is_alive() else ["leases are not being renewed"]


async def serve(settings: Settings, stop: asyncio.Event) -> None:
    """Serve and work until `stop` is set, or until the engine ends by a fault of ours."""
    for warning in settings.warnings:
        log.warning("unwise_setting", warning=warning)
    async with open_bot(settings) as bot:
        runner = web.AppRunner(create_server(bot), access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)
        await runner.setup()
        try:
            site = web.TCPSite(runner, settings.listen.host, settings.listen.port)
            try:
                await site.start()
            except OSError as error:
                raise SettingsError(f"GREENLANE_LISTEN: can't listen on {settings.listen}: {error.strerror}") from error
            log.info("serving", listen=str(site.name), version=__version__, database=settings.database_place)
            await _until(stop, bot.engine)
        finally:
            await runner.cleanup()
            log.info("stopped")


async def _until(stop: asyncio.Event, engine: Engine) -> None:
    work = asyncio.create_task(engine.run())
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({work, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not work.done():
        work.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await work
