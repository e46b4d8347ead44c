"""Deployments with the defaults that surprise."""

REPO = "/repos/acme/checkout"


async def test_deployment_defaults(github):
    made = await github.call("POST", f"{REPO}/deployments", body={"ref": "main"})

    shown = made.body
    assert (made.status, shown["environment"], shown["task"]) == (201, "production", "deploy")
    assert (shown["production_environment"], shown["transient_environment"]) == (True, False)
    assert shown["sha"] == github.repository.head("main")


async def test_auto_merge_answers_202_without_an_id(github):
    _ref(github)
    github.world.push(github.repository, "main", author="alice", files={"other": "1"}, message="x")

    made = await github.call("POST", f"{REPO}/deployments", body={"ref": "topic", "required_contexts": []})

    assert (made.status, list(made.body)) == (202, ["message"])
    assert github.repository.deployments == {}
    assert "other" in github.world.commits[github.repository.head("topic")].files


async def test_omitted_contexts_mean_all_our_own_run_included(github):
    sha = github.repository.head("main")
    await github.call(
        "POST",
        f"{REPO}/check-runs",
        body={"name": "greenlane / staging", "head_sha": sha, "status": "in_progress"},
    )

    refused = await github.call("POST", f"{REPO}/deployments", body={"ref": sha, "auto_merge": False})
    accepted = await _deploy(github, ref=sha)

    assert (refused.status, refused.body["message"]) == (409, f"Conflict: Commit status checks failed for {sha}.")
    assert refused.body["errors"][0]["contexts"] == [{"context": "greenlane / staging", "state": "pending"}]
    assert accepted.status == 201


async def test_unknown_ref_is_refused(github):
    assert (await _deploy(github, ref="nope")).status == 422


async def test_success_retires_only_other_plain_environments(github, listener):
    first, second = await _deploy(github), await _deploy(github)
    production = [await _deploy(github, environment="production") for _ in range(2)]
    for made in (first, second, *production):
        assert (await _say(github, made, "success")).status == 201
    await github.world.quiet()

    states = {number: one.state for number, one in github.repository.deployments.items()}
    assert (states[first.body["id"]], states[second.body["id"]]) == ("inactive", "success")
    assert [states[made.body["id"]] for made in production] == ["success", "success"]
    assert listener.events.count("deployment_status.created") == 4


async def test_auto_inactive_can_be_declined(github):
    first, second = await _deploy(github), await _deploy(github)
    for made in (first, second):
        await _say(github, made, "success", auto_inactive=False)

    assert {one.state for one in github.repository.deployments.values()} == {"success"}


async def test_inactive_is_not_told(github, listener):
    made = await _deploy(github)
    await _say(github, made, "inactive")
    await github.world.quiet()

    assert "deployment_status.created" not in listener.events


async def test_long_description_is_refused(github):
    made = await _deploy(github)

    assert (await _say(github, made, "queued", description="x" * 140)).status == 201
    refused = await _say(github, made, "queued", description="x" * 141)
    assert (refused.status, refused.body["errors"][0]["field"]) == (422, "description")


async def test_log_url_is_the_target_url(github):
    made = await _deploy(github)

    said = await _say(github, made, "in_progress", log_url="https://x.example/1")

    assert (said.body["target_url"], said.body["log_url"]) == ("https://x.example/1", "https://x.example/1")


async def test_deployments_are_found_by_sha_and_environment(github):
    sha = github.repository.head("main")
    made = await _deploy(github, ref=sha, payload={"key": "7"})
    await _deploy(github, environment="production")

    found = await github.call("GET", f"{REPO}/deployments?sha={sha}&environment=Staging")

    assert [(one["id"], one["payload"]) for one in found.body] == [(made.body["id"], {"key": "7"})]


def _ref(github, branch="topic"):
    return github.world.push(github.repository, branch, author="alice", files={branch: "1"}, message=branch)


async def _deploy(github, **fields):
    return await github.call(
        "POST",
        f"{REPO}/deployments",
        body={"ref": "main", "auto_merge": False, "required_contexts": [], "environment": "staging"} | fields,
    )


async def _say(github, made, state, **fields):
    return await github.call("POST", f"{REPO}/deployments/{made.body['id']}/statuses", body={"state": state} | fields)
