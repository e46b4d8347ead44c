"""`/status`, `/why`, `/diff` and `/help`: they answer, and change nothing."""

from bot.domain.intent import State
from bot.domain.people import Comparison
from bot.errors import RejectedError, TransientError
from bot.report.answers import reply_marker
from tests.component.engine.rig import CARL, EVE, TEAM, TWO_PLACES, Rig
from tests.conftest import Clock
from tests.factories import sha
from tests.fakes.clusters import FakeClusters
from tests.fakes.registry import digest

SOAK = 31


async def ask(rig: Rig, number: int, line: str, **changes: object) -> str:
    await rig.comment(number, line, **changes)  # type: ignore[arg-type]
    return rig.github.comments.get(reply_marker((await rig.decided()).id), "")


async def released(rig: Rig, number: int, letter: str) -> None:
    await rig.merge(number, letter)
    await rig.checks(letter, build="success", test="success")
    await rig.pass_time(SOAK)


async def test_status_says_what_runs_since_when_by_whom_and_how_it_is(desk: Rig) -> None:
    await released(desk, 12, "a")

    said = await ask(desk, 12, "/status")

    assert f"`aaaaaaa` · `{digest(sha('a'))[:19]}…` (#12) since" in said
    assert "by alice" in said
    assert "2 of 2 pods available" in said
    assert "**production**: nothing deployed by Greenlane yet" in said
    assert (await desk.decided()).decision == "answered"


async def test_status_tells_locks_holds_and_what_waits(desk: Rig) -> None:
    await released(desk, 12, "a")
    await desk.comment(12, "/hold staging")
    await desk.open_pull(13, "b")
    await desk.comment(13, "/lock staging for 1h careful")
    await released(desk, 14, "c")

    said = await ask(desk, 13, "/status")

    assert "`ccccccc` queued (#14)" in said
    assert "on hold since" in said
    assert "`/resume staging`" in said
    assert "is locked for #" in said
    assert "careful" in said


async def test_why_says_everything_a_deploy_waits_for(desk: Rig) -> None:
    await released(desk, 12, "a")
    await desk.comment(12, "/hold staging")
    await desk.open_pull(13, "b")
    await desk.comment(13, "/lock staging for 1h")
    await released(desk, 14, "c")
    await desk.open_pull(15, "d")
    desk.github.set_checks(sha("d"), test=None)
    await desk.comment(15, f"/deploy production {sha('d')}")

    said = await ask(desk, 13, "/why")

    assert "automatic deploys are on hold" in said
    assert "locked for" in said
    assert "waiting for `test` (1 of 2 checks passed)" in said


async def test_why_says_so_when_nothing_waits(desk: Rig) -> None:
    await desk.open_pull(12, "a")

    assert "Nothing of this repository waits" in await ask(desk, 12, "/why")


async def test_a_cluster_that_does_not_answer_is_said_and_not_guessed(desk: Rig) -> None:
    await released(desk, 12, "a")
    desk.cluster.errors.append(TransientError("the cluster does not answer"))

    said = await ask(desk, 12, "/status")

    assert "can't be asked" in said
    assert "healthy" not in said


async def test_somebody_elses_change_is_seen(desk: Rig) -> None:
    await released(desk, 12, "a")
    desk.cluster.image = "registry.example/other:1"

    assert "the workload asks for `registry.example/other:1` now" in await ask(desk, 12, "/status")


async def test_diff_compares_tries_the_patch_and_changes_nothing(desk: Rig) -> None:
    await released(desk, 12, "a")
    desk.cluster.warnings = ("would violate PodSecurity",)
    desk.github.history.append(sha("b"))
    desk.registry.push(sha("b"))
    await desk.open_pull(13, "b")

    said = await ask(desk, 13, "/diff staging")

    assert "1 commit more, by alice" in said
    assert f"compare/{sha('a')}...{sha('b')}" in said
    assert digest(sha("b")) in said
    assert "accepts the change" in said
    assert "would violate PodSecurity" in said
    assert len(desk.cluster.patches) == 1


async def test_diff_says_what_it_could_not_find_out(desk: Rig) -> None:
    await released(desk, 12, "a")
    await desk.open_pull(13, "b")
    del desk.registry.tags[sha("b")]
    real = desk.github.compare

    async def gone(*_: object, **__: object) -> Comparison:
        raise RejectedError("github_not_found", "GitHub knows no such commit")

    desk.github.compare = gone  # type: ignore[method-assign]
    said = await ask(desk, 13, "/diff staging")
    desk.github.compare = real  # type: ignore[method-assign]

    assert "GitHub can't compare it" in said
    assert "is not in the registry" in said


async def test_diff_where_nothing_runs(desk: Rig) -> None:
    await desk.open_pull(12, "a")

    assert "nothing to compare with" in await ask(desk, 12, "/diff staging")


async def test_help_is_for_this_person_and_asks_github_little(desk: Rig) -> None:
    await desk.open_pull(12, "a")
    asked = []
    real = desk.github.role

    async def counted(repository, login):
        asked.append(login)
        return await real(repository, login)

    desk.github.role = counted  # type: ignore[method-assign]
    alice = await ask(desk, 12, "/help")
    calls = len(asked)
    carl = await ask(desk, 12, "/help", by=CARL)
    eve = await ask(desk, 12, "/help", by=EVE)

    assert "`/deploy [environment]" in alice
    assert "You may not use" not in alice
    assert calls <= 2
    assert "`/status`" in carl
    assert "`/deploy [environment]" not in carl
    assert f"`{TEAM}`" in carl
    assert "write permission" in eve
    assert "| command |" not in eve


async def test_help_tells_the_rules_of_each_environment(sqlite, clock: Clock) -> None:
    text = TWO_PLACES.replace("deploy: on-command}", "deploy: on-command, after: staging, approvals: 2}")
    rig = Rig(database=sqlite, clock=clock, catalog_text=text, clusters=FakeClusters())
    rig.let_people_in()
    await rig.open_pull(12, "a")

    said = await ask(rig, 12, "/help")

    assert "**production** `checkout`: deploys on-command" in said
    assert "after `staging`, 2 approvals" in said


async def test_questions_leave_no_intent_and_no_patch(desk: Rig) -> None:
    await desk.open_pull(12, "a")

    for line in ("/status", "/why", "/help", "/diff staging"):
        assert await ask(desk, 12, line)

    assert not await desk.intents()
    assert not desk.cluster.patches


async def test_what_outsiders_wrote_can_not_mention_or_format(desk: Rig) -> None:
    await desk.open_pull(12, "a")

    await desk.comment(12, "/lock staging for 1h <!-- x --> @everyone **bold** ![x](http://evil)")
    said = await ask(desk, 12, "/status")

    assert "@everyone" not in said
    assert "**bold**" not in said
    assert "![x]" not in said
    assert "http://" not in said


async def test_a_running_rollout_is_told_first(desk: Rig) -> None:
    desk.cluster.behaviour = "slow"
    await desk.open_pull(12, "a")
    await desk.open_pull(13, "b")
    await desk.comment(12, "/deploy staging")
    await desk.comment(13, "/deploy staging")

    said = await ask(desk, 13, "/why")

    assert said.index("aaaaaaa") < said.index("bbbbbbb")
    assert [each.state for each in await desk.intents()] == [State.ROLLING_OUT, State.QUEUED]
