"""The control door: what it does, whom it lets in, and how it says no."""

import json
import re
import shlex
from pathlib import Path

import pytest
from aiohttp import ServerDisconnectedError, web
from aiohttp.test_utils import TestServer, make_mocked_request

from sandbox.control.guard import only_this_machine
from tests.component.sandbox.stage import opened

README = Path(__file__).parents[3] / "sandbox" / "README.md"
CHECKOUT = "/_control/repos/acme/checkout"


@pytest.fixture
async def door(tmp_path):
    async with opened(tmp_path) as (client, _):
        yield client


async def _post(client, path, expect=201, /, **body):
    async with client.post(path, json=body) as answer:
        said = await answer.json()
        assert answer.status == expect, said
        return said


async def _get(client, path):
    async with client.get(path) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.json()


def _examples():
    """Every call of the README's shell examples: (method, path, body)."""
    for line in README.read_text().splitlines():
        words = shlex.split(line.split("  #")[0]) if line.startswith(("post ", "curl ")) else []
        if words[:1] == ["post"]:
            yield "POST", f"/_control{words[1]}", json.loads(words[2])
        elif words and "$DOOR" in line:
            path = next(word for word in words if word.startswith("$DOOR")).replace("$DOOR", "/_control")
            method = words[words.index("-X") + 1] if "-X" in words else "GET"
            yield method, path, json.loads(words[words.index("-d") + 1]) if "-d" in words else None


async def test_every_example_of_the_readme_works(tmp_path):
    async with opened(tmp_path) as (client, stage):
        comment = stage.world.comment("acme/checkout", 1, "alice", "first")
        reviewed, run = stage.world.pull("acme/checkout", 2), _run_with_button(stage)
        receiver = TestServer(web.Application())
        await receiver.start_server()
        app = stage.world.add_app("Greenlane", webhook_url=str(receiver.make_url("/webhook")), events=["push"])
        stage.world.install(app, "acme", by="alice")
        await stage.world.quiet(5)
        delivery = stage.world.deliveries[0].id

        seen = set()
        for method, path, body in _examples():
            real = re.sub(r"comments/\d+", f"comments/{comment.id}", path)
            real = re.sub(r"deliveries/\d+", f"deliveries/{delivery}", real)
            real = re.sub(r"check-runs/\d+", f"check-runs/{run.id}", real)
            real = re.sub(r"reviews/\d+", lambda _: f"reviews/{reviewed.reviews[-1].id}", real)
            async with client.request(method, real, json=body) as answer:
                assert answer.status < 300, (method, real, await answer.text())
            seen.add(re.sub(r"\?.*", "", path))
        await receiver.close()

    assert len(seen) > 25


def _run_with_button(stage):
    app = stage.world.app_by_slug("buttons")
    sha = stage.world.repository("acme/checkout").head("main")
    suite = stage.world.suite_for(stage.world.repository("acme/checkout"), sha, app)
    button = {"label": "Roll back", "description": "To the one before", "identifier": "rollback"}
    return stage.world.create_run(suite, name="buttons", conclusion="success", external_id="i-1", actions=[button])


async def test_every_address_is_in_the_readme(door):
    listed = [each["call"] for each in (await _get(door, "/_control"))["addresses"]]

    calls = [(method, path.partition("?")[0]) for method, path, _ in _examples()]
    unshown = [
        call
        for call in listed
        if not any(
            re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", call.partition(" ")[2]), path) and call.startswith(f"{method} ")
            for method, path in calls
        )
        and call not in ("GET /_control/deliveries/{id}", "GET /_control/cluster/{namespace}")
    ]

    assert unshown == []


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
async def test_merge_lands_on_main_in_each_way(door, method):
    merged = await _post(door, f"{CHECKOUT}/pulls/1/merge", 200, by="bob", method=method)

    repositories = {each["repository"]: each for each in await _get(door, "/_control/repos")}
    assert merged["state"] == "merged"
    assert merged["merged_by"] == "bob"
    assert repositories["acme/checkout"]["branches"]["main"] == merged["merge_commit_sha"]
    assert merged["commit_sha"] != merged["head_sha"]


async def test_merge_twice_is_refused_with_the_state(door):
    await _post(door, f"{CHECKOUT}/pulls/1/merge", 200, by="bob")

    refused = await _post(door, f"{CHECKOUT}/pulls/1/merge", 409, by="bob")

    assert refused == {"error": "Pull request #1 is merged already.", "remedy": "Merge one that is open."}


async def test_merge_with_red_required_check_is_refused_in_githubs_words(door):
    pull = await _get(door, f"{CHECKOUT}/pulls/1")
    await _post(door, f"{CHECKOUT}/checks", sha=pull["head_sha"], name="test", conclusion="failure")

    refused = await _post(door, f"{CHECKOUT}/pulls/1/merge", 405, by="bob")

    assert "test" in refused["error"]
    assert refused["error"].startswith("GitHub would refuse this")


async def test_passing_ci_pushes_the_merged_commits_image_then_reports(door):
    merged = await _post(door, f"{CHECKOUT}/pulls/1/merge", 200, by="bob")

    done = await _post(door, f"{CHECKOUT}/pulls/1/ci", result="pass")

    sha = merged["merge_commit_sha"]
    images = [each for each in await _get(door, "/_control/images") if each["tag"] == sha]
    assert [each["digest"] for each in images] == done["pushed"]
    assert images[0]["labels"]["org.opencontainers.image.revision"] == sha
    rows = (await _get(door, f"{CHECKOUT}/pulls/1"))["checks"]["rows"]
    assert {row["name"]: row["state"] for row in rows} == {"build": "success", "test": "success"}


@pytest.mark.parametrize(
    ("number", "result", "conclusions"), [(2, "fail", {"success", "failure"}), (3, "pass", {"success"})]
)
async def test_no_image_from_failing_ci_nor_from_a_broken_pipeline(door, number, result, conclusions):
    merged = await _post(door, f"{CHECKOUT}/pulls/{number}/merge", 200, by="bob")

    done = await _post(door, f"{CHECKOUT}/pulls/{number}/ci", result=result)

    assert done["pushed"] == []
    assert set(done["checks"].values()) == conclusions
    assert all(each["tag"] != merged["merge_commit_sha"] for each in await _get(door, "/_control/images"))


async def test_comment_and_edit_are_read_back(door):
    made = await _post(door, f"{CHECKOUT}/pulls/1/comments", author="alice", body="/status")
    async with door.patch(f"{CHECKOUT}/comments/{made['id']}", json={"body": "never mind"}) as answer:
        assert answer.status == 200

    comments = await _get(door, f"{CHECKOUT}/comments")

    assert [(each["body"], each["edits"], each["number"]) for each in comments] == [("never mind", 1, 1)]


async def test_new_deployment_gets_pods_of_its_image(door, tmp_path):
    await _post(door, "/_control/namespaces", name="search-staging")
    pushed = await _post(door, "/_control/images", repository="search/indexer", tag="v7")

    await _post(
        door, "/_control/deployments", namespace="search-staging", name="indexer", image=pushed["image"], replicas=1
    )

    objects = await _get(door, "/_control/cluster/search-staging")
    assert objects["deployments"][0]["spec"]["template"]["spec"]["containers"][0]["image"].endswith("search/indexer:v7")


async def test_github_fault_hits_the_api_until_cleared(door):
    await _post(door, "/_control/faults", where="github", kind="html", status=502, times=None)
    for _ in range(3):
        async with door.get("/api/v3/rate_limit") as answer:
            assert answer.status == 502
    async with door.delete("/_control/faults") as answer:
        assert answer.status == 200

    async with door.get("/api/v3/rate_limit") as answer:
        assert answer.status == 200
    assert [each["fault"] for each in await _get(door, "/_control/requests")] == ["html", "html", "html", ""]


async def test_github_fault_without_times_hits_once(door):
    await _post(door, "/_control/faults", where="github", kind="html", status=502)

    seen = []
    for _ in range(2):
        async with door.get("/api/v3/rate_limit") as answer:
            seen.append(answer.status)
    assert seen == [502, 200]


async def test_registry_down_and_up_again(tmp_path):
    async with opened(tmp_path) as (client, stage):
        await _post(client, "/_control/faults", where="registry", down=True)
        with pytest.raises(ServerDisconnectedError):
            await client.session.get(f"{stage.registry.url}/v2/")
        await client.delete("/_control/faults")

        async with client.session.get(f"{stage.registry.url}/v2/") as answer:
            assert answer.status == 200


async def test_quiet_says_when_deliveries_hang(tmp_path):
    async with opened(tmp_path) as (client, stage):
        app = stage.world.add_app(
            "Greenlane", webhook_url="http://127.0.0.1:9/webhook", events=["push"], permissions={"contents": "read"}
        )
        stage.world.install(app, "acme", by="alice")
        await _get(client, "/_control/quiet")
        await _post(client, "/_control/faults", where="webhooks", delay=[30, 30])
        await _post(client, f"{CHECKOUT}/pushes", branch="x", author="alice", files={"x": "1"})

        async with client.get("/_control/quiet?timeout=0.05") as answer:
            said = await answer.json()

    assert answer.status == 504
    assert "still pending" in said["error"]


async def test_review_is_of_the_head_and_can_be_dismissed(door):
    pull = await _get(door, f"{CHECKOUT}/pulls/2")
    made = await _post(door, f"{CHECKOUT}/pulls/2/reviews", by="bob", does="approve")
    dismissed = await _post(door, f"{CHECKOUT}/pulls/2/reviews/{made['id']}/dismiss", 200, by="alice")

    assert (made["state"], made["sha"]) == ("APPROVED", pull["head_sha"])
    assert dismissed["state"] == "DISMISSED"
    assert (await _get(door, f"{CHECKOUT}/pulls/2"))["reviews"] == [dismissed]


async def test_push_to_a_fork_moves_its_pull_request(door):
    await _post(door, "/_control/users", login="erin")
    await _post(door, f"{CHECKOUT}/forks", owner="erin")
    opened = await _post(door, f"{CHECKOUT}/pulls", title="F", head="erin:fix", author="erin", files={"c": "3"})
    pushed = await _post(
        door, "/_control/repos/erin/checkout/pushes", branch="fix", author="erin", files={"c": "4"}, force=True
    )

    after = await _get(door, f"{CHECKOUT}/pulls/{opened['number']}")
    assert (after["head_repository"], after["head_sha"]) == ("erin/checkout", pushed["sha"])
    assert len(after["commits"]) == 1
    async with door.delete("/_control/repos/erin/checkout") as answer:
        assert answer.status == 200
    assert (await _get(door, f"{CHECKOUT}/pulls/{opened['number']}"))["head_repository"] is None


async def test_role_and_membership_are_given_and_taken(door):
    await _post(door, "/_control/users", login="erin")
    team = "/_control/teams/acme/payments/members"

    given = await _post(door, f"{CHECKOUT}/roles", 200, user="erin", role="write")
    taken = await _post(door, f"{CHECKOUT}/roles", 200, user="erin", role="none")
    invited = await _post(door, team, 200, user="erin", state="pending")
    left = await _post(door, team, 200, user="erin", state="none")

    assert (given["roles"]["erin"], taken["roles"]["erin"]) == ("write", "none")
    assert invited["members"]["erin"] == "pending"
    assert "erin" not in left["members"]


async def test_click_reaches_the_app_of_the_button_only(tmp_path):
    async with opened(tmp_path) as (client, stage):
        run = _run_with_button(stage)
        listed = await _get(client, f"{CHECKOUT}/check-runs")
        told = await _post(client, f"{CHECKOUT}/check-runs/{run.id}/actions", 202, by="alice", identifier="rollback")
        await _post(client, f"{CHECKOUT}/check-runs/{run.id}/actions", 422, by="alice", identifier="abort")

    assert told["external_id"] == "i-1"
    assert {each["id"]: each["actions"] for each in listed}[run.id] == run.actions


async def test_deleted_comment_is_gone(door):
    made = await _post(door, f"{CHECKOUT}/pulls/1/comments", author="bob", body="/status")
    async with door.delete(f"{CHECKOUT}/comments/{made['id']}", json={"by": "alice"}) as answer:
        assert answer.status == 200

    assert made["id"] not in [each["id"] for each in await _get(door, f"{CHECKOUT}/comments")]


@pytest.mark.parametrize(
    ("path", "body", "status", "words"),
    [
        ("/_control/nowhere", {}, 404, "GET /_control lists"),
        ("/_control/repos/acme/nope/pushes", {"author": "alice"}, 404, "acme/checkout"),
        (f"{CHECKOUT}/pulls/99/merge", {"by": "bob"}, 404, "#99"),
        (f"{CHECKOUT}/pulls/1/merge", {}, 422, "'by' is missing"),
        (f"{CHECKOUT}/pulls/1/merge", {"by": "nobody"}, 404, "alice"),
        (f"{CHECKOUT}/pulls/1/merge", {"by": "bob", "method": "fast"}, 422, "merge, squash, rebase"),
        (f"{CHECKOUT}/pulls/1/merge", {"by": "bob", "metod": "merge"}, 422, "Unknown field: metod"),
        (f"{CHECKOUT}/pulls/1/comments", {"author": "alice", "body": "  "}, 422, "'body'"),
        (f"{CHECKOUT}/checks", {"sha": "main", "name": "x", "conclusion": "green"}, 422, "success, failure"),
        (f"{CHECKOUT}/checks", {"sha": "beef", "name": "x", "conclusion": "success"}, 404, "main"),
        (f"{CHECKOUT}/checks", {"sha": "main", "name": "x", "status": "completed"}, 422, "conclusion"),
        ("/_control/images", {"repository": "a", "tag": "b", "behaviour": "explodes"}, 422, "crash-at-start"),
        ("/_control/images", {"repository": "a", "tag": "b", "behaviour": "missing"}, 422, "not pushed"),
        ("/_control/deployments", {"namespace": "No", "name": "x", "image": "i"}, 422, "not a name"),
        ("/_control/deployments", {"namespace": "no", "name": "x", "image": "i", "replicas": -1}, 422, "0 or more"),
        ("/_control/deployments", {"namespace": "no", "name": "x", "image": "i"}, 404, "no namespace"),
        ("/_control/faults", {"where": "moon"}, 422, "github, webhooks"),
        ("/_control/faults", {"where": "github", "kind": "html", "times": "many"}, 422, "'times'"),
        ("/_control/users", {"login": 7}, 422, "'login'"),
        (f"{CHECKOUT}/pulls/2/reviews", {"by": "bob", "does": "like"}, 422, "request_changes"),
        (f"{CHECKOUT}/pulls/2/reviews", {"by": "bob", "does": "request_changes"}, 422, "refuse"),
        (f"{CHECKOUT}/pulls/2/reviews/7/dismiss", {"by": "bob"}, 404, "review"),
        (f"{CHECKOUT}/check-runs/7/actions", {"by": "bob", "identifier": "x"}, 404, "check run"),
        (f"{CHECKOUT}/roles", {"user": "bob", "role": "owner"}, 422, "maintain"),
        (f"{CHECKOUT}/roles", {"team": "acme/nope", "role": "read"}, 404, "acme/payments"),
        ("/_control/teams/acme/nope/members", {"user": "bob", "state": "active"}, 404, "acme/payments"),
        ("/_control/teams", {"org": "acme", "slug": "x", "parent": "nope"}, 404, "payments"),
        (f"{CHECKOUT}/comments/7", {"by": "bob"}, 405, "PATCH"),
    ],
)
async def test_bad_input_is_answered_with_a_sentence_and_a_remedy(door, path, body, status, words):
    said = await _post(door, path, status, **body)

    assert set(said) == {"error", "remedy"}
    assert words in f"{said['error']} {said['remedy']}"


async def test_other_content_types_and_broken_json_are_refused(door):
    async with door.post("/_control/users", data="login=x", headers={"Content-Type": "text/plain"}) as answer:
        assert answer.status == 415
    async with door.post("/_control/users", data="{", headers={"Content-Type": "application/json"}) as answer:
        assert answer.status == 400
    async with door.put("/_control/users") as answer:
        assert answer.status == 405
        assert "POST" in (await answer.json())["remedy"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "greenlane.example"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Host": "127.0.0.1.evil.example:80"},
    ],
)
async def test_foreign_names_and_sites_stay_outside(door, headers):
    for path in ("/_control", "/"):
        async with door.get(path, headers=headers) as answer:
            assert answer.status == 403


@pytest.mark.parametrize(
    ("peer", "status"), [("192.0.2.7", 403), ("2001:db8::1", 403), ("::1", 200), ("127.0.0.1", 200)]
)
async def test_only_this_machine_gets_in(peer, status):
    class Transport:
        def get_extra_info(self, name, default=None):
            return (peer, 1) if name == "peername" else default

    async def inside(_request):
        return web.Response()

    request = make_mocked_request("GET", "/_control", headers={"Host": "localhost"}, transport=Transport())

    assert (await only_this_machine(request, inside)).status == status
