"""The page: what a person sees, and that nothing anybody wrote can do more than be seen."""

import re

import pytest

from sandbox.page.markdown import to_html
from sandbox.page.workloads import show_namespaces, split_image
from tests.component.sandbox.stage import opened


@pytest.fixture
async def site(tmp_path):
    async with opened(tmp_path) as (client, stage):
        yield client, stage


async def _see(client, path, status=200):
    async with client.get(path) as answer:
        assert answer.status == status
        return await answer.text()


async def test_list_shows_open_pulls_and_what_runs(site):
    client, _ = site

    seen = await _see(client, "/")

    assert "Make the checkout twice as fast" in seen
    assert "payments-production" in seen
    assert "2 of 2" in seen


async def test_pull_shows_button_checks_and_controls(site):
    client, _ = site

    seen = await _see(client, "/acme/checkout/pull/1")

    for words in (
        "Merge pull request",
        "CI passes",
        "CI fails",
        "required",
        "One query instead of <strong>n + 1</strong>",
    ):
        assert words in seen


def _offered(seen):
    return re.findall(r'data-fill="([^"]+)"', seen)


async def test_comment_box_offers_what_makes_sense_before_the_merge(site):
    client, stage = site
    head = stage.world.pull("acme/checkout", 1).head_sha

    offered = _offered(await _see(client, "/acme/checkout/pull/1"))

    assert offered[:4] == ["/help", "/status", "/why", "/diff production"]
    assert {"/deploy staging", f"/deploy production {head}", "/lock staging for 1h", "/hold staging"} <= set(offered)


async def test_comment_box_offers_what_makes_sense_after_the_merge(site):
    client, stage = site
    stage.world.merge("acme/checkout", 1, by="bob")

    offered = _offered(await _see(client, "/acme/checkout/pull/1"))

    assert {"/deploy production", "/rollback staging", "/resume staging", "/abort staging"} <= set(offered)
    assert not [line for line in offered if line.startswith("/lock ")]


async def test_only_environments_of_the_repository_are_offered(site):
    client, _ = site

    offered = _offered(await _see(client, "/acme/receipts/pull/1"))

    assert "/deploy staging" in offered
    assert not [line for line in offered if "production" in line]


@pytest.mark.parametrize(
    ("login", "says"),
    [
        ("alice", "team payments, may write"),
        ("carol", "in no team, may write"),
        ("mallory", "in no team, may only read"),
    ],
)
async def test_who_writes_is_chosen_with_their_rights_in_view(site, login, says):
    client, _ = site

    assert f"{login}: {says}</option>" in await _see(client, "/acme/checkout/pull/1")


async def test_reactions_are_told_in_words_too(site):
    client, stage = site
    comment = stage.world.comment("acme/checkout", 1, "alice", "/status")
    stage.world.react(comment, stage.person("bob"), "rocket")

    assert 'aria-label="rocket by bob" title="rocket by bob">🚀</span>' in await _see(client, "/acme/checkout/pull/1")


@pytest.mark.parametrize(("conclusion", "count"), [(None, 0), ("success", 3)])
async def test_buttons_of_a_check_run_show_once_it_is_completed(site, conclusion, count):
    client, stage = site
    sha = stage.world.pull("acme/checkout", 1).head_sha
    status = "completed" if conclusion else "in_progress"
    run = stage.world.report_check(
        "acme/checkout", sha, "deploy", status=status, conclusion=conclusion, output={"title": "t", "summary": "s"}
    )
    run.actions = [{"label": "Roll <b>back", "description": "Go back", "identifier": "rollback"}]

    pages = ("/acme/checkout/pull/1", f"/acme/checkout/commit/{sha}", f"/acme/checkout/runs/{run.id}")
    seen = "".join([await _see(client, page) for page in pages])

    assert seen.count('name="identifier" value="rollback" title="Go back">Roll &lt;b&gt;back</button>') == count
    assert seen.count(f'data-call="POST /_control/repos/acme/checkout/check-runs/{run.id}/actions"') == count


async def test_page_waits_for_ci_and_not_for_the_bots_own_check(site):
    client, stage = site
    bot = stage.world.add_app("Greenlane", permissions={"checks": "write"})
    merged = stage.world.merge("acme/checkout", 1, by="bob", bypass=True)
    stage.world.report_check("acme/checkout", merged, "greenlane", status="in_progress", app=bot)
    assert "Say how the build of the merged commit ends." in await _see(client, "/acme/checkout/pull/1")

    async with client.post("/_control/repos/acme/checkout/pulls/1/ci", json={"result": "pass"}) as answer:
        assert answer.status < 300

    seen = await _see(client, "/acme/checkout/pull/1")
    assert "You have reported on the merged commit" in seen
    assert "Waiting for checks" in seen


async def test_what_people_write_is_text_not_code(site):
    client, stage = site
    nasty = "<script>alert(1)</script>"
    stage.world.push("acme/checkout", "evil", author="alice", files={"x": "1"}, message=nasty)
    pull = stage.world.open_pull(
        "acme/checkout", head="evil", base="main", title=nasty, body=f"{nasty}<img src=x onerror=y>", author="alice"
    )
    stage.world.comment("acme/checkout", pull.number, "bob", f"<b onclick=x>hi</b>{nasty}[a](javascript:alert)")
    stage.world.report_check(
        "acme/checkout", pull.head_sha, nasty, conclusion="success", output={"title": nasty, "summary": nasty}
    )

    seen = await _see(client, f"/acme/checkout/pull/{pull.number}") + await _see(client, "/")

    assert "<script>alert" not in seen
    assert "onerror" not in seen
    assert "onclick" not in seen
    assert 'href="javascript' not in seen
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in seen


async def test_every_page_has_the_strict_policy_and_no_inline_code(site):
    client, _ = site
    for path in ("/", "/acme/checkout/pull/1", "/cluster", "/traffic", "/acme/checkout/pull/77"):
        async with client.get(path) as answer:
            policy, text = answer.headers["Content-Security-Policy"], await answer.text()
        assert policy.startswith("default-src 'none'")
        assert "unsafe" not in policy
        assert " style=" not in text
        assert "<script>" not in text


async def test_unchanged_page_is_not_sent_again(site):
    client, stage = site
    sha = stage.world.pull("acme/checkout", 1).head_sha
    still = f"/acme/checkout/commit/{sha}"
    async with client.get(still) as first:
        seen = {"X-Page-Version": first.headers["X-Page-Version"]}
    async with client.get(still, headers=seen) as again:
        assert (again.status, await again.text()) == (204, "")

    stage.world.report_check("acme/checkout", sha, "lint", conclusion="success")
    async with client.get(still, headers=seen) as changed:
        assert changed.status == 200


async def test_check_run_and_commit_have_their_pages(site):
    client, stage = site
    pull = stage.world.pull("acme/checkout", 1)
    run = stage.world.report_check(
        "acme/checkout",
        pull.head_sha,
        "lint",
        conclusion="failure",
        output={"title": "3 errors", "summary": "**E501** here"},
    )

    assert "<strong>E501</strong>" in await _see(client, f"/acme/checkout/runs/{run.id}")
    assert "3 errors" in await _see(client, f"/acme/checkout/commit/{pull.head_sha}")


@pytest.mark.parametrize(
    "path", ["/acme/checkout/pull/99", "/acme/nope/pull/1", "/acme/checkout/runs/1", "/acme/checkout/commit/abcdef0"]
)
async def test_what_is_not_there_is_said_on_a_page(site, path):
    client, _ = site

    assert "Not here" in await _see(client, path, 404)


def test_markdown_is_githubs_as_far_as_the_bot_uses_it():
    shown = to_html(
        "<!-- greenlane:7 -->\n| a | b |\n| --- | --: |\n| 1 | 2 |\n\n<details><summary>More</summary>\n\n- x\n\n</details>\n\n```\nlog\n```\n"
    )

    assert "greenlane" not in shown
    assert '<td align="right">2</td>' in shown
    assert "<details><summary>More</summary>" in shown
    assert "<pre><code>log" in shown


def test_pictures_from_elsewhere_become_words():
    assert to_html("![coverage](https://example.com/badge.svg)") == "<p>coverage</p>\n"


@pytest.mark.parametrize(
    ("image", "parts"),
    [
        ("127.0.0.1:5000/a/b:v1@sha256:12", ("127.0.0.1:5000/a/b", "v1", "sha256:12")),
        ("127.0.0.1:5000/a/b", ("127.0.0.1:5000/a/b", "", "")),
        ("nginx:1.27", ("nginx", "1.27", "")),
        ("a/b@sha256:12", ("a/b", "", "sha256:12")),
    ],
)
def test_image_names_come_apart(image, parts):
    assert split_image(image) == parts


@pytest.mark.parametrize(
    ("status", "state", "mood"),
    [
        ({"ready": True, "state": {"running": {}}}, "Running", "good"),
        ({"ready": False, "state": {"running": {}}}, "Not ready", "busy"),
        ({"state": {"waiting": {"reason": "ContainerCreating"}}}, "ContainerCreating", "busy"),
        ({"state": {"waiting": {"reason": "ImagePullBackOff"}}}, "ImagePullBackOff", "bad"),
        (
            {"state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": {"terminated": {"exitCode": 3}}},
            "CrashLoopBackOff (exit 3)",
            "bad",
        ),
        ({"state": {"terminated": {"reason": "Error", "exitCode": 3}}}, "Error (exit 3)", "bad"),
    ],
)
def test_a_pods_state_is_one_word(status, state, mood):
    web = {"name": "web", "image": "h/a:v1"}
    pod = {
        "metadata": {"name": "p", "namespace": "n", "labels": {"app": "a"}},
        "spec": {"containers": [web]},
        "status": {"containerStatuses": [status]},
    }
    workload = {
        "metadata": {"name": "a", "namespace": "n"},
        "spec": {"selector": {"matchLabels": {"app": "a"}}, "template": {"spec": {"containers": [web]}}},
    }
    objects = {
        "namespaces": [{"metadata": {"name": "n"}}, {"metadata": {"name": "kube-system"}}],
        "deployments": [workload],
        "pods": [pod],
    }

    (space,) = show_namespaces(objects, lambda sha: (sha[:7], ""))

    assert [(each["state"], each["mood"]) for each in space["workloads"][0]["pods"]] == [(state, mood)]
