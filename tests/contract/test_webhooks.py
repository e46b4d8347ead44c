"""How webhooks arrive: signed, once, remembered; and every way they can go wrong."""

import hashlib
import hmac
from datetime import timedelta

from sandbox.github import Mode
from sandbox.github.delivery import sign
from tests.fixtures_github import WEBHOOK_SECRET


def _push(github, count=1):
    for number in range(count):
        github.world.push(github.repository, "main", author="alice", files={"n": str(number)}, message=f"{number}")


def test_signature_of_the_published_vector():
    headers = sign("It's a Secret to Everybody", b"Hello, World!")

    assert headers["X-Hub-Signature-256"] == ("sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17")


def test_no_secret_means_no_signature():
    assert sign("", b"{}") == {}


async def test_headers_are_githubs(github, listener):
    _push(github)
    await github.world.quiet()

    one = listener.heard[0]
    expected = hmac.new(WEBHOOK_SECRET.encode(), one.body, hashlib.sha256).hexdigest()
    assert one.headers["X-Hub-Signature-256"] == f"sha256={expected}"
    assert one.headers["X-Hub-Signature"].startswith("sha1=")
    assert one.headers["X-GitHub-Event"] == "push"
    assert one.headers["X-GitHub-Hook-ID"] == str(github.app.hook_id)
    assert one.headers["X-GitHub-Hook-Installation-Target-ID"] == str(github.app.id)
    assert one.headers["X-GitHub-Hook-Installation-Target-Type"] == "integration"
    assert one.headers["User-Agent"].startswith("GitHub-Hookshot/")
    assert one.payload["installation"]["id"] == github.installation.id


async def test_two_apps_get_the_same_guid(github, listener):
    world = github.world
    other = world.add_app(
        "Other",
        private_key_pem=github.app.private_key_pem,
        webhook_url=listener.url,
        permissions={"contents": "read"},
        events=["push"],
    )
    world.install(other, "acme")
    await world.quiet()
    listener.heard.clear()

    _push(github)
    await world.quiet()

    pushes = [one.headers for one in listener.heard if one.event == "push"]
    assert len({one["X-GitHub-Delivery"] for one in pushes}) == 1
    assert len({one["X-GitHub-Hook-ID"] for one in pushes}) == 2


async def test_unsubscribed_unpermitted_and_suspended_hear_nothing(github, listener):
    github.app.events = ("status",)
    github.installation.permissions["checks"] = "read"
    _push(github)
    github.app.events = ("push",)
    del github.installation.permissions["contents"]
    _push(github)
    github.installation.permissions["contents"] = "read"
    github.installation.suspended_at = github.world.clock()
    _push(github)
    await github.world.quiet()

    assert listener.events == []


async def test_checks_write_subscribes_by_itself(github, listener):
    github.app.events = ()

    github.world.report_check(github.repository, github.repository.head("main"), "b", conclusion="success")
    await github.world.quiet()

    assert {"check_run.completed", "check_suite.completed"} <= set(listener.events)


async def test_own_actions_come_back_as_the_bot(github, listener):
    sha = github.repository.head("main")

    await github.call("POST", "/repos/acme/checkout/check-runs", body={"name": "greenlane", "head_sha": sha})
    await github.world.quiet()

    sender = listener.last("check_run.created")["sender"]
    assert (sender["login"], sender["type"]) == ("greenlane[bot]", "Bot")


async def test_failed_delivery_is_not_retried_and_can_be_sent_again(github, listener):
    listener.status = 503
    _push(github)
    await github.world.quiet()
    first = next(one for one in github.world.deliveries if one.event == "push")
    assert (first.status_code, listener.events.count("push")) == (503, 1)
    listed = await github.call("GET", "/app/hook/deliveries?status=failure", token=github.jwt())
    assert first.id in [one["id"] for one in listed.body]

    listener.status = 202
    answer = await github.call("POST", f"/app/hook/deliveries/{first.id}/attempts", token=github.jwt())
    await github.world.quiet()

    assert answer.status == 202
    again = github.world.deliveries[-1]
    assert (again.guid, again.redelivery, again.succeeded) == (first.guid, True, True)
    assert again.id != first.id
    assert again.body == first.body


async def test_redelivery_ends_after_three_days(github, listener):
    _push(github)
    await github.world.quiet()
    old = github.world.deliveries[-1]
    assert old.delivered_at is not None
    old.delivered_at -= timedelta(days=3, seconds=1)

    answer = await github.call("POST", f"/app/hook/deliveries/{old.id}/attempts", token=github.jwt())

    assert answer.status == 422


async def test_unreachable_receiver_has_no_code_and_is_not_among_failures(github):
    github.app.webhook_url = "http://127.0.0.1:1/webhook"
    _push(github)
    await github.world.quiet()

    lost = github.world.deliveries[-1]
    listed = await github.call("GET", "/app/hook/deliveries?status=failure", token=github.jwt())

    assert (lost.status, lost.status_code) == ("failed to connect to host", 0)
    assert listed.body == []


async def test_deliveries_are_paged_by_cursor(github):
    _push(github, 3)
    await github.world.quiet()

    first = await github.call("GET", "/app/hook/deliveries?per_page=2", token=github.jwt())
    url = first.headers["Link"].partition(">")[0].strip("<")
    second = await github.call("GET", url, token=github.jwt())

    ids = [one["id"] for one in first.body + second.body]
    assert ids == sorted(ids, reverse=True)
    assert len(set(ids)) == 4


async def test_shuffled(github, listener):
    github.world.hooks.mode = Mode(order="shuffled", seed=3)
    _push(github, 6)
    await github.world.quiet()

    order = [one.payload["after"] for one in listener.heard if one.event == "push"]
    sent = [run.head_sha for run in github.repository.suites.values()]
    assert sorted(order) == sorted(sent)
    assert order != sent


async def test_doubled(github, listener):
    github.world.hooks.mode = Mode(duplicate=1.0, events=frozenset({"push"}))
    _push(github)
    await github.world.quiet()

    assert listener.events.count("push") == 2
    assert len({one.headers["X-GitHub-Delivery"] for one in listener.heard if one.event == "push"}) == 1


async def test_dropped_is_in_the_log_and_lost_is_not(github, listener):
    github.world.hooks.mode = Mode(drop=1.0, events=frozenset({"push"}))
    _push(github)
    github.world.hooks.mode.lose, before = 1.0, len(github.world.deliveries)
    _push(github)
    await github.world.quiet()

    assert "push" not in listener.events
    logged = [one.status for one in github.world.deliveries[before:] if one.event == "push"]
    assert logged == ["failed to connect to host"]


async def test_delayed(github, listener):
    github.world.hooks.mode = Mode(delay=(0.05, 0.05), events=frozenset({"push"}))
    _push(github)
    await github.world.quiet()

    assert listener.events == ["check_suite.requested", "push"]


async def test_stale_snapshot_of_a_merge_says_open(github, listener):
    world, repo = github.world, github.repository
    world.push(repo, "feat", author="alice", files={"f": "1"}, message="f")
    pull = world.open_pull(repo, head="feat", base="main", title="f", author="alice")
    world.hooks.mode = Mode(stale=True)

    world.merge(repo, pull.number, by="alice")
    await world.quiet()

    shown = listener.last("pull_request.closed")["pull_request"]
    assert (shown["state"], shown["merged_at"], shown["merged"]) == ("open", None, False)
