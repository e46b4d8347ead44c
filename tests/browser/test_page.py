"""The page as a person uses it: click Merge, let CI pass, see the deploy arrive; nothing on the console."""

import os
import re
from pathlib import Path

import pytest
from playwright.async_api import Locator, Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

SOON = 10_000
ROLLED_OUT = 90_000


@pytest.fixture
def console(page: Page):
    """Whatever the browser complained about, refused content (CSP) included."""
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on(
        "requestfailed",
        lambda request: said.append(f"{request.failure}: {request.url}") if "ABORTED" not in request.failure else None,
    )
    return said


@pytest.fixture
def keep(page: Page):
    """Keeps a picture when SCREENSHOTS names a folder."""
    folder = os.environ.get("SCREENSHOTS")

    async def picture(name: str) -> None:
        if folder:
            await page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)

    return picture


async def _open(page: Page, title: str) -> None:
    await page.get_by_role("link", name=title).click()
    await expect(page.get_by_role("heading", name=title)).to_be_visible()


async def _names(place: Locator) -> set[str | None]:
    return {await pod.get_attribute("data-pod") for pod in await place.locator("[data-pod]").all()}


def _box(page: Page) -> Locator:
    return page.get_by_role("form", name="Write a comment")


async def _command(page: Page, line: str, *, by: str) -> Locator:
    """Written with a click and sent; the comment it became."""
    await _box(page).get_by_label("Who writes").select_option(by)
    await _box(page).get_by_role("button", name=line, exact=True).click()
    await _box(page).get_by_role("button", name="Comment", exact=True).click()
    return page.locator(".comment:not(.bot)", has_text=line)


async def test_merge_brings_new_pods_and_words_and_commands_are_answered_by_who_writes(demo, page, console, keep):
    await page.goto(demo)
    await expect(page.get_by_role("heading", name="Merge something")).to_be_visible()
    await keep("1-list")
    await _open(page, "Make the checkout twice as fast")
    staging = page.get_by_role("region", name="Namespace payments-staging")
    await expect(staging.locator('[data-workload="payments-staging/checkout"]')).to_contain_text("runs v1")
    old = await _names(staging)
    await keep("2-pull")

    await page.get_by_role("button", name="Merge pull request").click()
    await expect(page.get_by_text("Merged", exact=True)).to_be_visible(timeout=SOON)
    await keep("3-merged")
    await page.get_by_role("button", name="CI passes").click()

    checkout = staging.locator('[data-workload="payments-staging/checkout"]')
    await expect(checkout).to_contain_text(re.compile(r"runs [0-9a-f]{7} \(#1\)"), timeout=SOON)
    await keep("4-rolling-out")
    deployment = page.locator('[data-deployment="staging"][data-state="success"]')
    await expect(deployment).to_be_visible(timeout=ROLLED_OUT)
    await expect(page.locator(".comment.bot")).to_contain_text("deployed", timeout=SOON)
    check = page.locator(".mergebox li", has_text="greenlane / staging")
    await expect(check.get_by_role("img", name="success").first).to_be_visible(timeout=SOON)
    await check.locator("summary").first.click()
    await expect(check.locator(".output")).to_contain_text("check run by greenlane")
    await expect(checkout).to_contain_text("2 of 2 ready")
    new = await _names(checkout)
    assert new.isdisjoint(old)
    await keep("5-success")

    asked = await _command(page, "/status", by="carol")
    await expect(asked.get_by_role("img", name=re.compile("rocket by greenlane"))).to_be_visible(timeout=SOON)
    answer = page.locator(".comment.bot", has=page.get_by_role("heading", name="what runs where"))
    await expect(answer.get_by_role("listitem").filter(has_text="staging")).to_contain_text("2 of 2 pods available")
    refused = await _command(page, "/deploy production", by="mallory")
    await expect(refused.get_by_role("img", name=re.compile("confused by greenlane"))).to_be_visible(timeout=SOON)
    await expect(page.locator(".comment.bot", has_text="it needs write permission")).to_be_visible(timeout=SOON)
    await expect(_box(page).get_by_label("Who writes")).to_have_value("mallory")
    await keep("6-commands")
    await check.get_by_label("Who clicks").select_option("carol")
    await check.get_by_role("button", name="Roll back").click()
    await expect(page.locator(".comment.bot", has_text="it needs membership of the team")).to_be_visible(timeout=SOON)
    assert console == []


async def test_failing_ci_deploys_nothing_and_says_why(demo, page, console, keep):
    await page.goto(demo)
    await _open(page, "Round prices the Swiss way")

    await page.get_by_label("How to merge").select_option("squash")
    await page.get_by_role("button", name="Merge pull request").click()
    await expect(page.get_by_text("Merged", exact=True)).to_be_visible(timeout=SOON)
    await page.get_by_role("button", name="CI fails").click()

    await expect(page.locator(".comment.bot").first).to_contain_text("test failed", timeout=SOON)
    await expect(page.locator('[data-workload="payments-staging/checkout"]')).to_contain_text("runs v1")
    await keep("7-failed-check")
    assert console == []


async def test_crash_shows_exit_code_and_last_log_line(demo, page, console, keep):
    await page.goto(demo)
    await _open(page, "Move the database settings")

    await page.get_by_role("button", name="Merge pull request").click()
    await page.get_by_role("button", name="CI passes").click()

    await expect(page.locator(".thread")).to_contain_text("cannot reach database", timeout=ROLLED_OUT)
    await expect(page.locator('[data-deployment="staging"][data-state="failure"]')).to_be_visible(timeout=SOON)
    await keep("8-crash")
    assert console == []


async def test_comment_box_takes_keys_and_shows_no_more_than_words(demo, page, console, keep):
    await page.goto(f"{demo}/acme/checkout/pull/2")
    text = page.get_by_role("textbox", name="Write a comment")

    await text.fill("Looks **good** to me<script>document.title = 'owned'</script>")
    await text.press("Control+Enter")
    await expect(page.locator(".thread strong", has_text="good")).to_be_visible(timeout=SOON)
    await expect(text).to_have_value("")
    assert await page.title() != "owned"

    await _box(page).get_by_label("Who writes").select_option("alice")
    await _box(page).get_by_role("button", name="/lock staging for 1h").press("Enter")
    await expect(text).to_have_value("/lock staging for 1h")
    await expect(text).to_be_focused()
    await page.keyboard.press("Control+Enter")
    await expect(page.locator(".comment.bot")).to_contain_text("staging is locked for #2 by alice", timeout=SOON)
    await keep("9-lock")
    assert console == []


async def test_refused_merge_is_told(demo, page, console):
    await page.goto(f"{demo}/acme/checkout/pull/2")

    await page.get_by_role("button", name="CI fails").click()
    await expect(page.get_by_text("Some checks were not successful")).to_be_visible(timeout=SOON)
    await page.get_by_role("button", name="Merge pull request").click()
    await expect(page.get_by_role("alert")).to_contain_text("GitHub would refuse this", timeout=SOON)


async def test_page_fits_a_phone(demo, page, console):
    await page.set_viewport_size({"width": 360, "height": 740})
    for path in ("/", "/acme/checkout/pull/1", "/cluster", "/traffic"):
        await page.goto(demo + path)
        assert await page.evaluate("document.documentElement.scrollWidth") <= 360, path
    assert console == []
