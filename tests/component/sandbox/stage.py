"""A stage with the invented company on it, and a client at its door: for the tests of the door and of the page."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp.test_utils import TestClient, TestServer

from sandbox.control.app import create_door
from sandbox.control.stage import Stage
from sandbox.demo.house import add_github
from sandbox.demo.invented import ENVIRONMENTS, invent_company, open_proposals, run_first_versions
from sandbox.demo.simulated import Simulated
from sandbox.github import World
from sandbox.page.app import add_page
from sandbox.registry import SandboxRegistry


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[tuple[TestClient, Stage]]:
    registry = await SandboxRegistry().start()
    try:
        async with Simulated.running(folder / "kubeconfig") as cluster:
            stage = Stage(world=World(), registry=registry, cluster=cluster, image_host=registry.host)
            invent_company(stage)
            await run_first_versions(stage)
            open_proposals(stage)
            app = create_door(stage)
            add_github(app, stage.world)
            add_page(app, ENVIRONMENTS)
            async with TestClient(TestServer(app)) as client:
                yield client, stage
    finally:
        await registry.aclose()
