"""A Chromium found on this machine; skipped with the reason where there is none, failed in CI."""

import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright

from tests.demo import running_demo

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
DOWNLOADED = "ms-playwright/chromium-*/chrome-linux*/chrome"
# No look-ups of its own, and a sandbox that root has no use for.
QUIET = (
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
ROOT_NEEDS = ("--no-sandbox", "--disable-gpu")


def _chromium() -> str | None:
    named = os.environ.get("CHROMIUM")
    if named:
        return named
    found = next(filter(None, map(shutil.which, NAMES)), None)
    return found or next((str(path) for path in (Path.home() / ".cache").glob(DOWNLOADED)), None)


@pytest.fixture
def chromium() -> str:
    path = _chromium()
    if path is None:
        told = "no Chromium on this machine: apt-get install chromium, or CHROMIUM=/path/to/it"
        if os.environ.get("CI") == "true":
            pytest.fail(told)
        pytest.skip(told)
    return path


@pytest.fixture
async def demo(chromium: str, tmp_path: Path) -> AsyncIterator[str]:
    """A running demo's address; asks for the browser first, so that none is started in vain."""
    with running_demo(tmp_path / "demo") as address:
        yield address


@pytest.fixture
async def page(chromium: str) -> AsyncIterator[Page]:
    """A fresh window. Playwright's asynchronous side: its synchronous one keeps a loop that other tests trip over."""
    args = [*QUIET, *(ROOT_NEEDS if os.geteuid() == 0 else ())]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=args)
        try:
            yield await browser.new_page(viewport={"width": 1280, "height": 900})
        finally:
            await browser.close()
