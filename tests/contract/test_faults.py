"""Faults on purpose do exactly what they say."""

import asyncio
import json

import aiohttp
import pytest

from sandbox.github import Fault

REPO = "/repos/acme/checkout"


@pytest.mark.parametrize("status", [500, 502, 503, 504, 520])
async def test_html_fault_strikes_the_nth_call_only(github, status):
    github.world.faults.add(Fault(kind="html", status=status, operation="repos/get", nth=2))

    answers = [await github.call("GET", REPO) for _ in range(3)]

    assert [one.status for one in answers] == [200, status, 200]
    assert answers[1].headers["Content-Type"].startswith("text/html")


@pytest.mark.parametrize(("kind", "happened"), [("reset_before", 0), ("reset_after", 1)])
async def test_connection_goes_before_or_after_the_effect(github, kind, happened):
    pull = _open_pull(github)
    github.world.faults.add(Fault(kind=kind, method="POST", path="/comments$"))

    with pytest.raises(aiohttp.ClientError):
        await github.call("POST", f"{REPO}/issues/{pull.number}/comments", body={"body": "once"})

    assert len(github.world.thread(github.repository, pull.number)) == happened
    assert github.world.requests[-1].status == 0


@pytest.mark.parametrize("kind", ["truncated", "broken_json"])
async def test_unreadable_answers(github, kind):
    github.world.faults.add(Fault(kind=kind))

    with pytest.raises((aiohttp.ClientError, json.JSONDecodeError)):
        await github.call("GET", REPO)


async def test_hang_ends_in_the_callers_patience(github):
    github.world.faults.add(Fault(kind="hang", seconds=0.3))

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await github.call("GET", REPO)


@pytest.mark.parametrize(
    ("fault", "status", "header"),
    [
        (Fault(kind="young_token", status=404), 404, None),
        (Fault(kind="primary_limit", status=429), 429, "X-RateLimit-Reset"),
        (Fault(kind="secondary_limit", retry_after=7), 403, "Retry-After"),
        (Fault(kind="secondary_limit", status=429), 429, None),
        (Fault(kind="conflict"), 409, None),
        (Fault(kind="invalid"), 422, None),
    ],
)
async def test_refusals_on_purpose(github, fault, status, header):
    github.world.faults.add(fault)

    answer = await github.call("GET", REPO)

    assert answer.status == status
    assert header is None or header in answer.headers
    assert github.world.requests[-1].fault == fault.kind


async def test_chance_is_repeatable(github):
    def struck(seed):
        github.world.faults.clear()
        fault = github.world.faults.add(Fault(kind="conflict", times=None, probability=0.5, seed=seed))
        return [fault.strikes(method="GET", operation="x", path="/") for _ in range(20)]

    assert struck(1) == struck(1)
    assert struck(1) != struck(2)
    github.world.faults.clear()


def _open_pull(github):
    github.world.push(github.repository, "b", author="alice", files={"b": "1"}, message="b")
    return github.world.open_pull(github.repository, head="b", base="main", title="b", author="alice")
