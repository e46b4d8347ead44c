"""`/deploy`: which commit is meant, by whom, and what keeps it from starting."""

from dataclasses import replace

import pytest

from bot.domain.intent import Kind, State
from bot.domain.people import Person, Role
from bot.errors import RejectedError, TransientError
from bot.report.answers import reply_marker
from tests.component.engine.rig import ALICE, BOB, CARL, EVE, TEAM, Rig
from tests.factories import CATALOG, REPOSITORY, sha
from tests.fakes.registry import digest

SOAK = 31


async def answer(rig: Rig) -> str:
    """What the newest command was answered in words."""
    return rig.github.comments.get(reply_marker((await rig.decided()).id), "")


async def test_the_head_of_an_open_pull_request_is_deployed_and_the_comment_hears_of_it(desk: Rig) -> None:
    await desk.open_pull(12, "a")

    comment = await desk.comment(12, "/deploy staging")
    await desk.pass_time(SOAK)

    intent = await desk.only()
    assert (intent.kind, intent.sha, intent.state) == (Kind.MANUAL, sha("a"), State.SUCCEEDED)
    assert (intent.actor, intent.actor_id) == ("alice", ALICE.id)
    assert desk.cluster.image.endswith(digest(sha("a")))
    assert desk.reactions(comment) == ["eyes", "rocket"]
    record = await desk.decided()
    assert (record.decision, record.intent_id, record.facts["sha"]) == ("accepted", intent.id, sha("a"))


async def test_on_a_merged_pull_request_its_merge_commit_is_meant(desk: Rig) -> None:
    await desk.merge(12, "a")
    await desk.checks("a", build="success", test="success")
    await desk.pass_time(SOAK)

    await desk.comment(12, "/deploy production")
    await desk.pass_time(SOAK)

    assert [each.environment for each in await desk.intents()] == ["staging", "production"]
    assert desk.production.image.endswith(digest(sha("a")))


async def test_it_is_accepted_while_checks_run_and_starts_when_they_are_green(desk: Rig) -> None:
    await desk.open_pull(12, "a")
    desk.github.set_checks(sha("a"), build=None)

    comment = await desk.comment(12, "/deploy staging")
    waiting = await desk.only()
    await desk.checks("a", build="success")
    await desk.pass_time(SOAK)

    assert waiting.state is State.WAITING_CHECKS
    assert desk.reactions(comment)[0] == "eyes"
    assert (await desk.only()).state is State.SUCCEEDED


async def test_a_head_that_moved_before_the_comment_is_refused_with_both(desk: Rig) -> None:
    await desk.open_pull(12, "a")
    desk.github.open_pull(12, sha("b"))  # pushed, and the webhook has not come

    comment = await desk.comment(12, "/deploy staging")

    assert (await desk.decided()).reason == "head_moved"
    assert not await desk.intents()
    assert "you saw `aaaaaaa`, now it is `bbbbbbb`" in await answer(desk)
    assert f"`/deploy staging {sha('b')}`" in await answer(desk)
    assert desk.reactions(comment) == ["confused"]


async def test_a_head_pushed_after_the_comment_is_not_what_was_meant(desk: Rig) -> None:
    await desk.open_pull(12, "a")
    await desk.comment(12, "/deploy staging", settle=False)
    desk.clock.advance(seconds=5)
    await desk.head(12, "b")

    await desk.settle()

    assert (await desk.decided()).reason == "head_moved"


async def test_a_head_nobody_told_us_of_is_asked_for_by_its_number(desk: Rig) -> None:
    await desk.open_pull(12, "a", told=False)

    await desk.comment(12, "/deploy staging")
    refused = await desk.decided()
    await desk.comment(12, f"/deploy staging {sha('a')}")
    await desk.pass_time(SOAK)

    assert refused.reason == "head_not_seen"
    assert (await desk.only()).state is State.SUCCEEDED


async def test_the_head_that_moves_between_acceptance_and_start_is_refused(desk: Rig) -> None:
    await desk.open_pull(12, "a")
    desk.github.set_checks(sha("a"), build=None)
    await desk.comment(12, "/deploy staging")

    await desk.head(12, "b")
    await desk.checks("a", build="success")

    assert ((await desk.only()).state, (await desk.only()).reason) == (State.REFUSED, "head_moved")
    assert not desk.cluster.patches


async def test_production_on_code_that_is_not_merged_needs_the_full_number(desk: Rig) -> None:
    await desk.open_pull(12, "a")

    await desk.comment(12, "/deploy production")
    asked = await answer(desk)
    await desk.comment(12, f"/deploy production {sha('a')[:12]}")
    reasons = [each.reason for each in await desk.decisions()]
    await desk.comment(12, f"/deploy production {sha('a')}")
    await desk.pass_time(SOAK)

    assert f"`/deploy production {sha('a')}`" in asked
    assert reasons == ["full_sha_needed", "full_sha_needed"]
    assert desk.production.image.endswith(digest(sha("a")))


async def test_the_code_of_a_fork_is_never_deployed(desk: Rig) -> None:
    await desk.open_pull(12, "a", head_repository_id=666)
    desk.github.open_pull(12, sha("a"), head_repository_id=666)

    for line in ("/deploy staging", f"/deploy staging {sha('a')}", f"/deploy production {sha('a')}"):
        await desk.comment(12, line)

    assert {each.reason for each in await desk.decisions()} == {"fork"}
    assert not await desk.intents()


async def test_a_commit_from_nowhere_is_refused(desk: Rig) -> None:
    desk.github.history = [sha("a")]
    await desk.open_pull(12, "b")

    await desk.comment(12, f"/deploy staging {sha('c')}")

    assert (await desk.decided()).reason == "head_moved"
    assert not await desk.intents()


async def test_a_commit_of_the_branch_may_be_named_from_any_pull_request(desk: Rig) -> None:
    desk.github.history = [sha("a"), sha("b")]
    desk.registry.push(sha("a"))
    desk.github.set_checks(sha("a"), build="success", test="success")
    await desk.open_pull(12, "c")

    await desk.comment(12, f"/deploy production {sha('a')}")
    await desk.pass_time(SOAK)

    assert desk.production.image.endswith(digest(sha("a")))


async def test_a_closed_pull_request_deploys_nothing(desk: Rig) -> None:
    await desk.open_pull(12, "a")
    desk.github.open_pull(12, sha("a"), state="closed")

    await desk.comment(12, "/deploy staging")

    assert (await desk.decided()).reason == "pull_closed"


async def test_a_pull_request_into_another_branch_is_refused(desk: Rig) -> None:
    await desk.open_pull(12, "a", base="release")
    desk.github.open_pull(12, sha("a"), base="release")

    await desk.comment(12, "/deploy staging")

    assert (await desk.decided()).reason == "other_branch"


@pytest.mark.parametrize(
    ("person", "reason"),
    [
        (CARL, "not_in_team"),
        (EVE, "no_write_permission"),
        (Person(id=9, login="nobody"), "rights_unreadable"),
        (Person(id=77, login="alice"), "login_reused"),
    ],
)
async def test_a_command_of_somebody_without_the_right_is_refused(desk: Rig, person: Person, reason: str) -> None:
    await desk.open_pull(12, "a")

    comment = await desk.comment(12, "/deploy staging", by=person)

    assert (await desk.decided()).reason == reason
    assert not await desk.intents()
    assert desk.reactions(comment) == ["confused"]
    next_line = "`/help` says what you may" if reason == "not_in_team" else "An administrator of the repository"
    assert next_line in await answer(desk)


async def test_a_team_that_can_not_be_read_is_a_no(desk: Rig) -> None:
    await desk.open_pull(12, "a")
    del desk.github.teams[TEAM]

    await desk.comment(12, "/deploy staging")

    assert (await desk.decided()).reason == "rights_unreadable"
    assert not await desk.intents()


@pytest.mark.parametrize("lost", ["team", "write", "login"])
async def test_a_right_that_is_lost_between_acceptance_and_start_counts(desk: Rig, lost: str) -> None:
    await desk.open_pull(12, "a")
    desk.github.set_checks(sha("a"), build=None)
    await desk.comment(12, "/deploy staging")

    if lost == "team":
        desk.github.teams[TEAM].discard("alice")
    else:
        desk.github.roles["alice"] = (1, Role.READ) if lost == "write" else (77, Role.ADMIN)
    await desk.checks("a", build="success")

    intent = await desk.only()
    assert (intent.state, intent.reason) == (
        State.REFUSED,
        {"team": "not_in_team", "write": "no_write_permission", "login": "login_reused"}[lost],
    )
    assert "may no longer deploy" in intent.detail
    assert not desk.cluster.patches


async def test_a_team_that_is_unreadable_at_the_start_is_a_no_too(desk: Rig) -> None:
    await desk.open_pull(12, "a")
    desk.github.set_checks(sha("a"), build=None)
    await desk.comment(12, "/deploy staging")

    del desk.github.teams[TEAM]
    await desk.checks("a", build="success")

    assert ((await desk.only()).state, (await desk.only()).reason) == (State.REFUSED, "rights_unreadable")


async def test_an_edited_comment_is_not_obeyed(desk: Rig) -> None:
    await desk.open_pull(12, "a")
    comment = await desk.comment(12, "/deploy staging", settle=False)
    said = desk.github.comments_by_people[comment]
    desk.github.comments_by_people[comment] = replace(said, body="/deploy production " + sha("a"))

    await desk.settle()

    assert (await desk.decided()).reason == "comment_edited"
    assert not await desk.intents()


async def test_a_comment_edited_after_it_was_obeyed_changes_nothing(desk: Rig) -> None:
    await desk.open_pull(12, "a")
    comment = await desk.comment(12, "/deploy staging")
    said = desk.github.comments_by_people[comment]
    desk.github.comments_by_people[comment] = replace(said, body="/abort")

    await desk.deliver(desk.comment_hint(12, comment, "/abort"))
    await desk.pass_time(SOAK)

    assert [each.verb for each in await desk.decisions()] == ["deploy"]
    assert (await desk.only()).state is State.SUCCEEDED


async def test_a_comment_that_is_deleted_or_a_bots_is_silence(desk: Rig) -> None:
    await desk.open_pull(12, "a")
    deleted = await desk.comment(12, "/deploy staging", settle=False)
    del desk.github.comments_by_people[deleted]
    await desk.comment(12, "/deploy staging", is_bot=True)
    said = desk.github.say(9, "/deploy staging", by=BOB, at=desk.clock())
    await desk.deliver(desk.comment_hint(12, said.id, said.body, by=ALICE))
    await desk.settle()

    assert not await desk.decisions()
    assert not desk.github.writes


async def test_a_comment_delivered_twice_is_one_command(desk: Rig) -> None:
    await desk.open_pull(12, "a")
    comment = await desk.comment(12, "/deploy staging")
    await desk.pass_time(SOAK)

    await desk.deliver(desk.comment_hint(12, comment, "/deploy staging"))
    await desk.pass_time(SOAK)

    assert len(await desk.decisions()) == len(await desk.intents()) == len(desk.cluster.patches) == 1


async def test_a_comment_that_arrives_after_an_hour_is_answered_and_not_obeyed(desk: Rig) -> None:
    await desk.open_pull(12, "a")
    desk.github.errors.extend([TransientError("down")] * 40)
    said = desk.github.say(9, "/deploy staging", by=ALICE, at=desk.clock())
    desk.clock.advance(hours=2)
    desk.github.errors.clear()
    await desk.deliver(desk.comment_hint(12, said.id, said.body))
    await desk.settle()

    assert (await desk.decided()).reason == "comment_too_old"
    assert not await desk.intents()


async def test_an_outage_of_a_moment_only_delays(desk: Rig) -> None:
    await desk.open_pull(12, "a")
    desk.github.errors.extend([TransientError("down")] * 3)

    await desk.comment(12, "/deploy staging")
    await desk.pass_time(60)

    assert (await desk.only()).state is State.SUCCEEDED


async def test_an_outage_that_lasts_ends_in_an_answer_instead_of_a_surprise(desk: Rig) -> None:
    await desk.open_pull(12, "a")

    async def down(*_: object) -> tuple[int, Role]:
        raise TransientError("GitHub does not answer")

    desk.github.role = down  # type: ignore[method-assign]
    comment = await desk.comment(12, "/deploy staging")
    await desk.pass_time(300)

    assert (await desk.decided()).reason == "no_answer"
    assert not await desk.intents()
    assert desk.reactions(comment) == ["confused"]


async def test_a_pull_request_that_can_not_be_read_is_told(desk: Rig) -> None:
    await desk.open_pull(12, "a")

    async def hidden(*_: object) -> None:
        raise RejectedError("github_not_found", "GitHub has no such pull request")

    desk.github.pull = hidden  # type: ignore[assignment,method-assign]
    await desk.comment(12, "/deploy staging")

    assert (await desk.decided()).reason == "github_not_found"


async def test_hundreds_of_commands_in_a_minute_are_answered_once_and_then_silence(desk: Rig) -> None:
    await desk.open_pull(12, "a")

    for _ in range(60):
        await desk.comment(12, "/status", settle=False)
    await desk.settle()

    replies = [facts for kind, facts in desk.github.writes if kind == "comment"]
    reactions = [facts for kind, facts in desk.github.writes if kind == "reaction"]
    assert len(await desk.decisions()) == 60
    assert len(replies) == len(reactions) == 11  # ten answers, and one that it is enough
    assert "within a minute" in desk.github.comments[reply_marker(11)]


async def test_another_person_is_heard_while_one_shouts(desk: Rig) -> None:
    await desk.open_pull(12, "a")
    for _ in range(20):
        await desk.comment(12, "/status", settle=False)

    await desk.comment(12, "/deploy staging", by=BOB)
    await desk.pass_time(SOAK)

    assert (await desk.only()).actor == "bob"


async def test_two_people_who_ask_at_once_are_served_one_after_the_other(desk: Rig) -> None:
    desk.cluster.behaviour = "slow"
    await desk.open_pull(12, "a")
    await desk.open_pull(13, "b")
    await desk.open_pull(14, "c")
    await desk.comment(12, "/deploy staging", by=ALICE)
    await desk.comment(13, "/deploy staging", by=BOB)
    await desk.comment(14, "/deploy staging", by=BOB)

    details = [each.detail for each in await desk.intents()]
    desk.cluster.behaviour, desk.cluster.ready_at = "ok", desk.clock()
    await desk.pass_time(200)

    assert details[1:] == ["no. 2, behind #12, which is being rolled out", "no. 3, behind #13, which is waiting too"]
    assert await desk.states() == ["succeeded"] * 3
    assert [image[-64:] for _, image in desk.cluster.patches] == [digest(sha(each))[-64:] for each in "abc"]


async def test_people_are_not_overtaken_by_what_was_merged_after_they_asked(desk: Rig) -> None:
    desk.cluster.behaviour = "slow"
    await desk.open_pull(12, "a")
    await desk.open_pull(13, "b")
    await desk.comment(12, "/deploy staging")
    await desk.comment(13, "/deploy staging")
    await desk.merge(20, "d")
    await desk.checks("d", build="success", test="success")

    waiting = (await desk.intents())[-1]
    desk.cluster.behaviour, desk.cluster.ready_at = "ok", desk.clock()
    await desk.pass_time(200)

    assert (waiting.kind, waiting.reason) == (Kind.AUTOMATIC, "queued")
    assert waiting.detail.startswith("no. 3, behind #13")
    assert [int(each) for each, _ in desk.cluster.patches] == [1, 2, 3]


async def test_an_older_commit_is_refused(desk: Rig) -> None:
    await desk.merge(12, "a", pushed=False)
    await desk.merge(13, "b")
    await desk.checks("b", build="success", test="success")
    await desk.pass_time(SOAK)
    desk.registry.push(sha("a"))
    desk.github.set_checks(sha("a"), build="success", test="success")

    comment = await desk.comment(12, "/deploy staging")

    refused = (await desk.intents())[-1]
    assert (refused.state, refused.reason) == (State.REFUSED, "older_commit")
    assert refused.detail == "bbbbbbb, which is newer, was deployed here already"
    assert desk.reactions(comment) == ["eyes", "confused"]


async def test_a_bare_deploy_means_the_one_place_that_is_not_production(desk: Rig) -> None:
    await desk.open_pull(12, "a")

    await desk.comment(12, "/deploy")

    assert (await desk.only()).environment == "staging"


async def test_several_apps_are_asked_about_and_the_lines_keep_what_was_typed(sqlite, clock) -> None:
    rig = Rig(database=sqlite, clock=clock, catalog_text=TWO_APPS)
    rig.let_people_in()
    await rig.open_pull(12, "a")

    await rig.comment(12, f"/deploy staging {sha('a')}")
    asked = await answer(rig)
    await rig.comment(12, f"/deploy staging checkout {sha('a')}")

    assert f"`/deploy staging checkout {sha('a')}`" in asked
    assert f"`/deploy staging worker {sha('a')}`" in asked
    assert (await rig.only()).app == "checkout"


async def test_production_has_to_be_named(sqlite, clock) -> None:
    rig = Rig(database=sqlite, clock=clock, catalog_text=CATALOG.replace("staging: {", "production: {"))
    rig.let_people_in()
    await rig.open_pull(12, "a")

    await rig.comment(12, "/deploy")
    asked = await answer(rig)
    await rig.comment(12, f"/deploy {sha('a')}")

    assert [each.reason for each in await rig.decisions()] == ["name_production"] * 2
    assert "`/deploy production`" in asked
    assert f"`/deploy production {sha('a')}`" in await answer(rig)


async def test_what_is_not_understood_is_helped_with_but_only_those_who_may_command(desk: Rig) -> None:
    await desk.open_pull(12, "a")

    await desk.comment(12, "/deploy stagign")
    helped = await answer(desk)
    await desk.comment(12, "/deploy stagign", by=EVE)

    assert "Did you mean `/deploy staging`?" in helped
    assert [each.reason for each in await desk.decisions()] == ["unknown_word", "no_write_permission"]
    assert not await desk.intents()


async def test_a_repository_that_is_not_in_the_catalog_hears_nothing(desk: Rig) -> None:
    said = desk.github.say(9, "/help", by=ALICE, at=desk.clock())
    hint = replace(desk.comment_hint(12, 9, said.body), repository="acme/other", repository_id=REPOSITORY.id + 1)

    await desk.deliver(hint)
    await desk.settle()

    assert not desk.github.writes


TWO_APPS = """
version: 1
teams:
  payments:
    github: acme/payments
    apps:
      checkout:
        repository: acme/checkout
        branch: main
        image: registry.example/payments/checkout
        checks: {require: [build, test]}
        environments:
          staging: {namespace: payments-staging, workload: deployment/checkout, container: web, deploy: on-merge}
      worker:
        repository: acme/checkout
        branch: main
        image: registry.example/payments/worker
        checks: {require: [build, test]}
        environments:
          staging: {namespace: payments-staging, workload: deployment/worker, container: web, deploy: on-merge}
"""
