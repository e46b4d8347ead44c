"""What a read makes of every kind of trouble between us and GitHub."""

import asyncio
from datetime import timedelta

import pytest
from aiohttp import web

from bot import __version__
from bot.errors import BrokenError, RejectedError, TransientError
from bot.github.client import ApiClient, open_session
from bot.github.errors import ForbiddenError, NotFoundError, RateLimitedError

from .scripted import START, Said

REPO = "GET /repos/acme/shop"
GOOD = Said(200, {"id": 1, "full_name": "acme/shop", "default_branch": "main"})
HTML = {"Content-Type": "text/html"}
JSON = {"Content-Type": "application/json; charset=utf-8"}

PASSING_TROUBLE = {
    "500": Said(500, b"<html>Unicorn!</html>", HTML),
    "502": Said(502, b"<html>Unicorn!</html>", HTML),
    "502 that claims to be JSON": Said(502, b"<html>", JSON),
    "503": Said(503, {"message": "Service unavailable"}),
    "520 of a proxy": Said(520, b"", HTML),
    "broken JSON": Said(200, b'{"id": 1, ', JSON),
    "HTML with a 200": Said(200, b"<html>log in to the hotel</html>", HTML),
    "unknown encoding": Said(200, b"{}", {"Content-Type": "application/json; charset=klingon"}),
    "connection cut": Said(cut=True),
    "408": Said(408, b"", HTML),
}


@pytest.mark.parametrize("trouble", PASSING_TROUBLE.values(), ids=PASSING_TROUBLE.keys())
async def test_read_survives_passing_trouble(app, scripted, repository, clock, trouble):
    scripted.says(REPO, trouble, trouble, GOOD)

    assert await app.reads.default_branch(repository) == "main"
    # aiohttp itself repeats a GET once when a kept connection was closed.
    assert clock.slept == ([0.2] if trouble.cut else [0.2, 0.8])


@pytest.mark.parametrize("trouble", PASSING_TROUBLE.values(), ids=PASSING_TROUBLE.keys())
async def test_lasting_trouble_is_cannot_tell(app, scripted, repository, trouble):
    scripted.says(REPO, trouble)

    with pytest.raises(TransientError, match="GitHub"):
        await app.reads.default_branch(repository)

    assert len(scripted.requests(REPO)) == (8 if trouble.cut else 4)


@pytest.mark.parametrize("trouble", PASSING_TROUBLE.values(), ids=PASSING_TROUBLE.keys())
async def test_write_is_never_repeated(app, scripted, repository, trouble):
    scripted.says("POST /repos/acme/shop/deployments/3/statuses", trouble)

    with pytest.raises(TransientError):
        await app.writes.ensure_deployment_status(
            repository,
            deployment=3,
            state="queued",
            description="",
            log_url="",
            environment_url="",
            auto_inactive=False,
            retry=False,
        )

    assert len(scripted.requests("POST /repos/acme/shop/deployments/3/statuses")) == 1


async def test_nobody_listening_is_cannot_tell(app, scripted, repository, unused_tcp_port, session, private_key):
    from bot.github.adapter import GitHubApp

    lonely = GitHubApp(
        api_url=f"http://127.0.0.1:{unused_tcp_port}",
        app_id=7,
        private_key=private_key,
        session=session,
        clock=scripted.clock,
        sleep=scripted.clock.sleep,
    )

    with pytest.raises(TransientError, match="can't be reached"):
        await lonely.reads.default_branch(repository)


async def test_answer_that_does_not_come_is_cannot_tell(session, aiohttp_server, clock):
    async def never(_: web.Request) -> web.Response:
        await asyncio.Event().wait()
        raise AssertionError

    silent = web.Application()
    silent.router.add_route("*", "/{tail:.*}", never)
    server = await aiohttp_server(silent)
    api = ApiClient(session, base_url=str(server.make_url("")), clock=clock, timeout=timedelta(milliseconds=50))

    with pytest.raises(TransientError, match="in time"):
        await api.call("GET", "/app", credential=None)


async def test_every_answer_is_counted_and_so_is_its_absence(aiohttp_server, scripted, clock, unused_tcp_port):
    heard: list[int | None] = []
    scripted.says("GET /app", Said(502, b"<html>", HTML), Said(200, {}))

    async with open_session(on_answer=heard.append) as session:
        api = ApiClient(session, base_url=scripted.url, clock=clock)
        with pytest.raises(TransientError):
            await api.call("GET", "/app", credential=None)
        await api.call("GET", "/app", credential=None)
        nowhere = ApiClient(session, base_url=f"http://127.0.0.1:{unused_tcp_port}", clock=clock)
        with pytest.raises(TransientError):
            await nowhere.call("GET", "/app", credential=None)

    assert heard == [502, 200, None]


async def test_requests_name_us_and_the_version(app, scripted, repository):
    scripted.says(REPO, GOOD)

    await app.reads.default_branch(repository)

    for asked in scripted.asked:
        assert asked.headers["user-agent"] == f"greenlane/{__version__}"
        assert asked.headers["x-github-api-version"] == "2022-11-28"
        assert asked.headers["accept"] == "application/vnd.github+json"


EPOCH = int(START.timestamp())
LIMITS = {
    "Retry-After": (Said(403, {"message": "slow down"}, {"Retry-After": "37"}), 37),
    "429 with Retry-After": (Said(429, {"message": "x"}, {"Retry-After": "37"}), 37),
    "Retry-After as a date": (Said(429, {}, {"Retry-After": "Fri, 02 Jan 2026 12:02:00 GMT"}), 120),
    "bare 429": (Said(429, b"", HTML), 60),
    "empty budget": (
        Said(403, {"message": "API rate limit"}, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(EPOCH + 900)}),
        900,
    ),
    "secondary without a time": (
        Said(403, {"message": "You have exceeded a secondary rate limit"}, {"x-ratelimit-remaining": "4000"}),
        60,
    ),
}


@pytest.mark.parametrize(("limit", "seconds"), LIMITS.values(), ids=LIMITS.keys())
async def test_limit_is_told_and_kept_for_the_whole_installation(app, scripted, repository, clock, limit, seconds):
    scripted.says(REPO, limit, GOOD)

    with pytest.raises(RateLimitedError) as caught:
        await app.reads.default_branch(repository)
    assert caught.value.retry_after == timedelta(seconds=seconds)

    clock.now += timedelta(seconds=seconds - 10)
    with pytest.raises(RateLimitedError, match="10 s more"):
        await app.reads.pull(repository, 1)
    assert scripted.calls() == [REPO]

    clock.now += timedelta(seconds=10)
    assert await app.reads.default_branch(repository) == "main"


async def test_short_limit_is_waited_out(app, scripted, repository, clock):
    scripted.says(REPO, Said(403, {"message": "slow down"}, {"Retry-After": "2"}), GOOD)

    assert await app.reads.default_branch(repository) == "main"
    assert clock.slept == [2.0]


async def test_missing_permission_is_named_at_once(app, scripted, repository, clock):
    scripted.permissions = {"metadata": "read"}
    scripted.says(
        "GET /repos/acme/shop/pulls/4",
        Said(
            403,
            {"message": "Resource not accessible by integration"},
            {"X-Accepted-GitHub-Permissions": "issues=read; pull_requests=read"},
        ),
    )

    with pytest.raises(ForbiddenError, match=r"issues=read or pull_requests=read") as caught:
        await app.reads.pull(repository, 4)

    assert caught.value.reason == "github_forbidden"
    assert clock.slept == []


async def test_404_for_want_of_a_permission_is_not_taken_for_missing(app, scripted, repository, clock):
    scripted.permissions = {"metadata": "read"}
    needs = {"X-Accepted-GitHub-Permissions": "contents=read"}
    scripted.says("GET /repos/acme/shop/branches/main", Said(404, {"message": "Not Found"}, needs))

    with pytest.raises(ForbiddenError, match="needs contents=read"):
        await app.reads.branch_head(repository, "main")

    assert clock.slept == []


async def test_plan_without_rulesets_requires_nothing_by_them(app, scripted, repository, clock):
    told = "Upgrade to GitHub Pro or make this repository public to enable this feature."
    needs = {"X-Accepted-GitHub-Permissions": "metadata=read"}
    scripted.says("GET /repos/acme/shop/rules/branches/main", Said(403, {"message": told}, needs))
    scripted.says("GET /repos/acme/shop/branches/main", Said(200, {"commit": {"sha": "abc"}}))

    assert await app.reads.required_checks(repository, "main") == ()
    assert clock.slept == []


async def test_missing_thing_is_a_no(app, scripted, repository, clock):
    scripted.says(REPO, GOOD)

    with pytest.raises(NotFoundError, match="pulls/4"):
        await app.reads.pull(repository, 4)

    assert clock.slept == []


async def test_refused_body_is_our_fault_and_keeps_the_words(app, scripted, repository):
    said = {"message": "Validation Failed", "errors": [{"resource": "Deployment", "field": "ref", "code": "invalid"}]}
    scripted.says("POST /repos/acme/shop/issues/3/comments", Said(422, said))
    scripted.says("GET /repos/acme/shop/issues/3/comments", Said(200, []))

    with pytest.raises(BrokenError, match="Validation Failed; Deployment ref invalid"):
        await app.writes.ensure_comment(repository, number=3, marker="<!-- m -->", body="<!-- m -->", known_id=None)


async def test_a_refusals_words_are_told_without_secrets(app, scripted, repository):
    said = {
        "message": "Validation Failed",
        "errors": ["body: DB_PASSWORD=hunter2 is odd", {"message": "token: hunter3"}],
    }
    scripted.says("POST /repos/acme/shop/issues/3/comments", Said(422, said))
    scripted.says("GET /repos/acme/shop/issues/3/comments", Said(200, []))

    with pytest.raises(BrokenError, match=r"Validation Failed; body: DB_PASSWORD=\[redacted\] is odd") as caught:
        await app.writes.ensure_comment(repository, number=3, marker="<!-- m -->", body="<!-- m -->", known_id=None)

    assert "hunter" not in str(caught.value)


@pytest.mark.parametrize("body", [{}, b"[]", {"id": "one"}, [1]], ids=str)
async def test_answer_of_another_shape_is_a_broken_contract(app, scripted, repository, body):
    scripted.says(REPO, Said(200, body, JSON if isinstance(body, bytes) else {}))

    with pytest.raises(BrokenError, match="description says"):
        await app.reads.default_branch(repository)


async def test_conflict_is_a_no(app, scripted, repository):
    scripted.says(REPO, Said(409, {"message": "Git Repository is empty."}))

    with pytest.raises(RejectedError, match="Git Repository is empty"):
        await app.reads.default_branch(repository)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_renamed_repository_is_followed_for_reads(app, scripted, repository, status):
    scripted.says(REPO, Said(status, {"message": "Moved"}, {"Location": f"{scripted.url}/repositories/1"}))
    scripted.says("GET /repositories/1", GOOD)

    assert await app.reads.default_branch(repository) == "main"


@pytest.mark.parametrize("status", [301, 307])
async def test_renamed_repository_gets_the_write_unchanged(app, scripted, repository, status):
    scripted.says("GET /repos/acme/shop/issues/3/comments", Said(200, []))
    moved = f"{scripted.url}/repositories/1/issues/3/comments"
    scripted.says("POST /repos/acme/shop/issues/3/comments", Said(status, b"", {"Location": moved}))
    scripted.says("POST /repositories/1/issues/3/comments", Said(201, {"id": 9}))

    made = await app.writes.ensure_comment(repository, number=3, marker="<!-- m -->", body="<!-- m -->", known_id=None)

    assert made == 9
    (asked,) = scripted.requests("POST /repositories/1/issues/3/comments")
    assert asked.body == {"body": "<!-- m -->"}


async def test_endless_redirects_end(app, scripted, repository):
    scripted.says(REPO, Said(301, b"", {"Location": f"{scripted.url}/repos/acme/shop"}))

    with pytest.raises(TransientError, match="circles"):
        await app.reads.default_branch(repository)


@pytest.mark.parametrize("elsewhere", ["http://evil.example/repos/acme/shop", "//evil.example/x", "https://{host}/x"])
async def test_token_never_leaves_for_another_host(app, scripted, repository, elsewhere):
    address = elsewhere.replace("{host}", scripted.url.removeprefix("http://"))
    scripted.says(REPO, Said(301, b"", {"Location": address}))

    with pytest.raises(BrokenError, match="refused to send our token"):
        await app.reads.default_branch(repository)


async def test_page_link_to_another_host_is_refused(app, scripted, repository):
    link = '<http://evil.example/page2>; rel="next"'
    scripted.says("GET /repos/acme/shop/pulls/3/files", Said(200, [{"filename": "a"}], {"Link": link}))

    with pytest.raises(BrokenError, match="refused to send our token"):
        await app.reads.pull_files(repository, 3)


async def test_enterprise_base_path_is_kept(scripted, session, clock, private_key, repository):
    from bot.github.adapter import GitHubApp

    app = GitHubApp(api_url=f"{scripted.url}/api/v3/", app_id=7, private_key=private_key, session=session, clock=clock)
    scripted.says("GET /api/v3/repos/acme/shop", GOOD)

    assert await app.reads.default_branch(repository) == "main"


def pages_of_runs(scripted, second: Said, total: int = 2):
    path = "/repos/acme/shop/commits/abc/check-runs"
    run = {"id": 1, "name": "build", "status": "completed", "conclusion": "success", "app": {"id": 3, "slug": "ci"}}
    link = f'<{scripted.url}{path}?page=2>; rel="next"'
    scripted.says(f"GET {path}", Said(200, {"total_count": total, "check_runs": [run]}, {"Link": link}), second)
    scripted.says("GET /repos/acme/shop/commits/abc/statuses", Said(200, []))
    scripted.says("GET /repos/acme/shop/commits/abc/check-suites", Said(200, {"total_count": 0, "check_suites": []}))
    return run


async def test_failing_second_page_fails_the_read(app, scripted, repository):
    pages_of_runs(scripted, Said(502, b"<html>", HTML))

    with pytest.raises(TransientError, match="502"):
        await app.reads.checks(repository, "abc")


async def test_item_lost_between_pages_fails_the_read(app, scripted, repository):
    run = pages_of_runs(scripted, Said(200, {"total_count": 3, "check_runs": []}), total=3)
    scripted.answers["GET /repos/acme/shop/commits/abc/check-runs"][1].body["check_runs"] = [{**run, "id": 2}]

    with pytest.raises(TransientError, match="changed while it was read"):
        await app.reads.checks(repository, "abc")


async def test_limited_read_among_several_is_raised_bare(app, scripted, repository):
    pages_of_runs(scripted, Said(429, b"", {"Retry-After": "90"}))

    with pytest.raises(RateLimitedError):
        await app.reads.checks(repository, "abc")
