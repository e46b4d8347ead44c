"""Locks, holds, stops, windows, approvals and `after`: what people set so that others wait, and how it ends."""

from datetime import timedelta

from bot.domain.intent import Intent, State
from bot.domain.lock import Lock, Stop
from bot.domain.people import Approval
from bot.report.answers import note_marker, reply_marker
from bot.report.comment import living_marker
from bot.storage import holds, locks, stops
from tests.component.engine.rig import ALICE, BOB, EVE, TWO_PLACES, Rig
from tests.conftest import Clock
from tests.factories import CATALOG, REPOSITORY, sha
from tests.fakes.clusters import FakeClusters
from tests.fakes.registry import digest

SOAK = 31
STAGING = {"team": "payments", "app": "checkout", "environment": "staging"}


async def last(rig: Rig) -> Intent:
    return (await rig.intents())[-1]


async def lock_of(rig: Rig) -> Lock | None:
    async with rig.database.begin() as connection:
        return await locks.current(connection, **STAGING, now=rig.clock())


async def merge_green(rig: Rig, number: int, letter: str) -> None:
    await rig.merge(number, letter)
    await rig.checks(letter, build="success", test="success")
    await rig.pass_time(SOAK)


def living(rig: Rig, number: int) -> str:
    return rig.github.comments[living_marker(REPOSITORY.id, number)]


async def test_a_lock_keeps_others_out_and_lets_its_own_pull_request_in(desk: Rig) -> None:
    await desk.open_pull(12, "a")
    await desk.open_pull(13, "b")

    await desk.comment(12, "/lock staging for 2h trying the migration")
    await desk.comment(13, "/deploy staging", by=BOB)
    waiting = await last(desk)
    await desk.comment(12, "/deploy staging")
    await desk.pass_time(SOAK)

    assert (waiting.state, waiting.reason) == (State.QUEUED, "locked")
    assert "trying the migration" in waiting.detail
    assert "`/unlock staging`" in waiting.detail
    assert await desk.states() == ["queued", "succeeded"]
    assert "locked for" in living(desk, 12)


async def test_a_lock_always_ends_and_whoever_waited_in_the_queue_goes_on(desk: Rig) -> None:
    await desk.open_pull(12, "a")
    await desk.open_pull(13, "b")
    await desk.comment(12, "/lock staging for 1h")
    await desk.comment(13, "/deploy staging")

    await desk.pass_time(3600 + SOAK, step=30)
    await desk.sweeps.sweep()
    await desk.settle()

    assert (await desk.only()).state is State.SUCCEEDED
    assert await lock_of(desk) is None
    assert "locked" not in living(desk, 12)


async def test_without_a_duration_it_is_four_hours_and_a_reminder_comes_before_the_end(desk: Rig) -> None:
    await desk.open_pull(12, "a")
    await desk.comment(12, "/lock staging")
    lock = await lock_of(desk)
    assert lock is not None

    desk.clock.advance(hours=3, minutes=44)
    await desk.sweeps.sweep()
    await desk.settle()
    early = note_marker(1, "ends-1") in desk.github.comments
    desk.clock.advance(minutes=2)
    for _ in range(2):
        await desk.sweeps.sweep()
        await desk.settle()

    assert lock.expires_at - lock.set_at == timedelta(hours=4)
    assert not early
    assert "@alice" in desk.github.comments[note_marker(1, "ends-1")]
    assert sum(facts.get("marker") == note_marker(1, "ends-1") for _, facts in desk.github.writes) == 1


async def test_a_short_lock_is_not_nagged_about(desk: Rig) -> None:
    await desk.open_pull(12, "a")
    await desk.comment(12, "/lock staging for 10m")

    desk.clock.advance(minutes=5)
    await desk.sweeps.sweep()
    await desk.settle()

    assert note_marker(1, "ends-1") not in desk.github.comments


async def test_a_lock_may_be_taken_over_which_its_owner_hears(desk: Rig) -> None:
    await desk.open_pull(12, "a")
    await desk.open_pull(13, "b")
    await desk.comment(12, "/lock staging")

    await desk.comment(13, "/lock staging", by=BOB)

    lock = await lock_of(desk)
    assert lock is not None
    assert (lock.pull_request, lock.owner) == (13, BOB)
    note = desk.github.comments[note_marker((await desk.decided()).id, "lost-12-alice")]
    assert "@alice" in note
    assert "#13" in note
    assert "locked" not in living(desk, 12)


async def test_unlock_by_anybody_who_may_lets_the_others_go_on(desk: Rig) -> None:
    await desk.open_pull(12, "a")
    await desk.open_pull(13, "b")
    await desk.comment(12, "/lock staging")
    await desk.comment(13, "/deploy staging", by=BOB)

    await desk.comment(13, "/unlock staging", by=BOB)
    await desk.pass_time(SOAK)

    assert (await desk.only()).state is State.SUCCEEDED
    assert "@alice" in desk.github.comments[note_marker(3, "lost-12-alice")]
    await desk.comment(13, "/unlock staging")
    assert (await desk.decided()).reason == "not_locked"


async def test_a_lock_is_released_when_its_pull_request_is_closed_or_merged(desk: Rig) -> None:
    await desk.open_pull(12, "a")
    await desk.comment(12, "/lock staging")

    await desk.close_pull(12)
    closed = await lock_of(desk)
    await desk.open_pull(13, "b")
    await desk.comment(13, "/lock staging")
    await merge_green(desk, 13, "c")

    assert closed is None
    assert await lock_of(desk) is None
    assert (await last(desk)).state is State.SUCCEEDED


async def test_a_closing_nobody_told_us_of_releases_the_lock_too(desk: Rig) -> None:
    await desk.open_pull(12, "a")
    await desk.open_pull(13, "b")
    await desk.comment(12, "/lock staging")
    await desk.sweeps.sweep()
    kept = await lock_of(desk)

    desk.github.open_pull(12, sha("a"), state="closed")
    del desk.github.heads[12]
    await desk.sweeps.sweep()

    assert kept is not None
    assert await lock_of(desk) is None


async def test_a_pull_request_that_was_opened_again_keeps_its_lock(desk: Rig) -> None:
    await desk.open_pull(12, "a")
    await desk.comment(12, "/lock staging")

    await desk.deliver(desk.hint("pull", number=12))
    await desk.pass_time(30)

    assert await lock_of(desk) is not None


async def test_a_merge_while_another_pull_request_keeps_the_environment_waits(desk: Rig) -> None:
    await desk.open_pull(12, "a")
    await desk.comment(12, "/lock staging for 1h")

    await merge_green(desk, 13, "b")
    waiting = await last(desk)
    await desk.close_pull(12)
    await desk.pass_time(SOAK)

    assert (waiting.state, waiting.reason) == (State.QUEUED, "locked")
    assert (await last(desk)).state is State.SUCCEEDED


async def test_a_lock_that_comes_in_the_moment_of_the_start_holds(desk: Rig) -> None:
    await desk.open_pull(12, "a")
    await desk.open_pull(13, "b")
    desk.github.set_checks(sha("b"), build=None)
    await desk.comment(13, "/deploy staging")
    real = desk.github.is_in_team

    async def slow(repository, team, login):
        """The rights are read last before a start: a lock is set meanwhile."""
        desk.github.is_in_team = real
        new = Lock(
            **STAGING,
            repository_id=REPOSITORY.id,
            pull_request=12,
            owner=ALICE,
            reason="",
            set_at=desk.clock(),
            expires_at=desk.clock() + timedelta(hours=1),
        )
        async with desk.database.begin() as connection:
            await locks.take(connection, new, command_id=1)
        return await real(repository, team, login)

    desk.github.is_in_team = slow
    await desk.checks("b", build="success")

    assert ((await desk.only()).state, (await desk.only()).reason) == (State.QUEUED, "locked")
    assert not desk.cluster.patches


async def test_a_lock_on_a_closed_pull_request_is_refused(desk: Rig) -> None:
    await merge_green(desk, 12, "a")

    await desk.comment(12, "/lock staging")

    assert (await desk.decided()).reason == "pull_closed"


async def test_a_pull_request_on_hold_is_not_deployed_when_it_is_merged(desk: Rig) -> None:
    await desk.open_pull(12, "a")
    await desk.comment(12, "/hold")
    await desk.comment(12, "/hold")
    note = living(desk, 12)

    await merge_green(desk, 12, "a")
    held = await desk.only()
    await desk.comment(12, "/deploy staging")
    await desk.pass_time(SOAK)

    assert note.count("not deployed") == 1
    assert (held.state, held.reason) == (State.CANCELLED, "pull_on_hold")
    assert "`/deploy staging checkout`" in held.detail
    assert (await last(desk)).state is State.SUCCEEDED


async def test_a_hold_is_taken_back_by_a_bare_resume_as_the_note_says(desk: Rig) -> None:
    await desk.open_pull(12, "a")
    await desk.comment(12, "/hold")
    assert "`/resume`" in living(desk, 12)

    await desk.comment(12, "/resume")
    await merge_green(desk, 12, "a")

    assert (await desk.only()).state is State.SUCCEEDED


async def test_a_hold_of_one_environment_leaves_the_others(desk: Rig) -> None:
    await desk.open_pull(12, "a")
    await desk.comment(12, "/hold production")
    await desk.comment(12, "/resume staging")
    refused = await desk.decided()

    await merge_green(desk, 12, "a")

    assert refused.reason == "not_on_hold"
    assert (await desk.only()).state is State.SUCCEEDED


async def test_a_hold_that_comes_in_the_moment_of_the_merge_counts(desk: Rig) -> None:
    await desk.open_pull(12, "a")
    real = desk.github.is_in_team

    async def slow(repository, team, login):
        desk.github.is_in_team = real
        await desk.merge(12, "a")
        return await real(repository, team, login)

    desk.github.set_checks(sha("a"), build=None)
    desk.github.is_in_team = slow
    await desk.comment(12, "/hold")

    assert ((await desk.only()).state, (await desk.only()).reason) == (State.CANCELLED, "pull_on_hold")


async def test_an_environment_is_held_and_resumed_on_a_merged_pull_request(desk: Rig) -> None:
    await merge_green(desk, 12, "a")

    await desk.comment(12, "/hold staging")
    await merge_green(desk, 13, "b")
    waiting = await last(desk)
    await desk.comment(13, "/resume staging", by=BOB)
    await desk.pass_time(SOAK)

    assert (waiting.state, waiting.reason) == (State.QUEUED, "on_hold")
    assert (await last(desk)).state is State.SUCCEEDED
    await desk.comment(13, "/resume staging")
    assert (await desk.decided()).reason == "not_on_hold"


async def test_what_a_person_asks_for_passes_a_hold(desk: Rig) -> None:
    await merge_green(desk, 12, "a")
    await desk.comment(12, "/hold staging")
    await merge_green(desk, 13, "b")

    await desk.comment(13, "/deploy staging")
    await desk.pass_time(SOAK)

    assert desk.cluster.image.endswith(digest(sha("b")))


async def test_readers_may_set_nothing(desk: Rig) -> None:
    await desk.open_pull(12, "a")

    for line in ("/lock staging", "/hold", "/unlock staging", "/resume staging", "/abort staging"):
        await desk.comment(12, line, by=EVE)

    assert {each.reason for each in await desk.decisions()} == {"no_write_permission"}
    async with desk.database.begin() as connection:
        assert not await holds.every(connection)


async def test_a_stop_keeps_everybody_waiting_and_a_running_rollout_may_finish(desk: Rig) -> None:
    await desk.open_pull(12, "a")
    await desk.open_pull(13, "b")
    desk.cluster.behaviour = "slow"
    await desk.comment(12, "/deploy staging")
    now = desk.clock()
    stop = Stop(reason="audit", set_by="ops", set_at=now, until=now + timedelta(hours=1))
    async with desk.database.begin() as connection:
        await stops.put(connection, stop)

    await desk.comment(13, "/deploy staging")
    desk.cluster.behaviour, desk.cluster.ready_at = "ok", desk.clock()
    await desk.pass_time(SOAK + 30)
    waiting = await last(desk)
    await desk.pass_time(3600, step=30)

    assert (waiting.state, waiting.reason) == (State.QUEUED, "stopped")
    assert "`audit`" in waiting.detail
    assert await desk.states() == ["succeeded", "succeeded"]


HOTFIX = TWO_PLACES.replace("  payments:\n", "  payments:\n    hotfix: {people: {bob: 2}}\n")


async def test_a_hotfix_of_somebody_named_passes_a_stop_and_is_recorded(sqlite, clock: Clock) -> None:
    rig = Rig(database=sqlite, clock=clock, catalog_text=HOTFIX, clusters=FakeClusters())
    rig.let_people_in()
    await rig.open_pull(12, "a")
    stop = Stop(reason="audit", set_by="ops", set_at=clock(), until=clock() + timedelta(hours=9))
    async with rig.database.begin() as connection:
        await stops.put(connection, stop)

    await rig.comment(12, "/deploy staging --hotfix the shop is down", by=ALICE)
    denied = await rig.decided()
    await rig.comment(12, "/deploy staging --hotfix the shop is down", by=BOB)
    await rig.pass_time(SOAK)

    assert denied.reason == "not_a_hotfixer"
    assert ((await rig.only()).state, (await rig.only()).hotfix) == (State.SUCCEEDED, "the shop is down")
    assert (await rig.decided()).facts["hotfix"] == "the shop is down"


async def test_a_hotfix_does_not_pass_the_checks(sqlite, clock: Clock) -> None:
    rig = Rig(database=sqlite, clock=clock, catalog_text=HOTFIX, clusters=FakeClusters())
    rig.let_people_in()
    await rig.open_pull(12, "a")
    rig.github.set_checks(sha("a"), build="failure")

    await rig.comment(12, "/deploy staging --hotfix now", by=BOB)

    assert ((await rig.only()).state, (await rig.only()).reason) == (State.REFUSED, "checks_failed")


def _with(rules: str) -> str:
    """The catalog with more about production."""
    return TWO_PLACES.replace("deploy: on-command}", f"deploy: on-command, {rules}}}")


async def test_a_closed_window_says_when_it_opens_and_the_deploy_begins_then(sqlite, clock: Clock) -> None:
    windows = "windows: {timezone: UTC, allow: [{cron: '0 13 * * *', for: 2h}]}"
    rig = Rig(database=sqlite, clock=clock, catalog_text=_with(windows), clusters=FakeClusters())
    rig.let_people_in()
    await merge_green(rig, 12, "a")

    await rig.comment(12, "/deploy production")
    waiting = await last(rig)
    await rig.pass_time(2 * 3600, step=30)

    assert (waiting.state, waiting.reason) == (State.QUEUED, "window_closed")
    assert "will deploy at 2026-03-04 13:00 UTC" in waiting.detail
    done = await last(rig)
    assert done.state is State.SUCCEEDED
    assert done.patched_at is not None
    assert (done.patched_at.hour, done.patched_at.minute) == (13, 0)


async def test_the_same_image_has_to_hold_in_the_environment_before(sqlite, clock: Clock) -> None:
    rig = Rig(database=sqlite, clock=clock, catalog_text=_with("after: staging"), clusters=FakeClusters())
    rig.let_people_in()
    rig.cluster.behaviour = "slow"
    await rig.merge(12, "a")
    await rig.checks("a", build="success", test="success")

    await rig.comment(12, "/deploy production")
    waiting = await last(rig)
    rig.cluster.behaviour, rig.cluster.ready_at = "ok", rig.clock()
    await rig.pass_time(SOAK + 60)

    assert (waiting.state, waiting.reason) == (State.QUEUED, "after")
    assert "`/deploy staging`" in waiting.detail
    assert (await last(rig)).state is State.SUCCEEDED


async def test_what_held_before_goes_on_although_the_environment_before_is_further(sqlite, clock: Clock) -> None:
    rig = Rig(database=sqlite, clock=clock, catalog_text=_with("after: staging"), clusters=FakeClusters())
    rig.let_people_in()
    await merge_green(rig, 12, "a")
    await merge_green(rig, 13, "b")

    await rig.comment(12, "/deploy production")
    await rig.pass_time(SOAK)

    assert rig.production.image.endswith(digest(sha("a")))


async def test_what_was_taken_back_there_did_not_hold(sqlite, clock: Clock) -> None:
    rig = Rig(database=sqlite, clock=clock, catalog_text=_with("after: staging"), clusters=FakeClusters())
    rig.let_people_in()
    await merge_green(rig, 12, "a")
    await merge_green(rig, 13, "b")
    await rig.comment(13, "/rollback staging")
    await rig.pass_time(SOAK)

    await rig.comment(13, "/deploy production")
    await rig.pass_time(SOAK)

    assert ((await last(rig)).state, (await last(rig)).reason) == (State.QUEUED, "after")


async def test_approvals_count_for_this_very_commit_by_others_who_may_write(sqlite, clock: Clock) -> None:
    rig = Rig(database=sqlite, clock=clock, catalog_text=_with("approvals: 1"), clusters=FakeClusters())
    rig.let_people_in()
    await rig.open_pull(12, "a")
    rig.github.approved[12] = [
        Approval(person=ALICE, sha=sha("a")),  # her own
        Approval(person=BOB, sha=sha("b")),  # an older head
        Approval(person=EVE, sha=sha("a")),  # may only read
    ]

    await rig.comment(12, f"/deploy production {sha('a')}")
    waiting = await last(rig)
    rig.github.approved[12].append(Approval(person=BOB, sha=sha("a")))
    await rig.pass_time(SOAK + 60)

    assert (waiting.state, waiting.reason) == (State.QUEUED, "approvals_missing")
    assert "0 of 1 approvals" in waiting.detail
    assert (await last(rig)).state is State.SUCCEEDED


async def test_an_environment_that_names_its_deployers_takes_no_others(sqlite, clock: Clock) -> None:
    rules = "deployers: {people: {bob: 2}}"
    rig = Rig(database=sqlite, clock=clock, catalog_text=_with(rules), clusters=FakeClusters())
    rig.let_people_in()
    await merge_green(rig, 12, "a")

    await rig.comment(12, "/deploy production", by=ALICE)
    refused = await rig.decided()
    await rig.comment(12, "/deploy production", by=BOB)
    await rig.pass_time(SOAK)

    assert refused.reason == "not_a_deployer"
    assert (await last(rig)).state is State.SUCCEEDED


async def test_a_merge_by_somebody_who_may_not_deploy_can_be_made_to_wait_for_one_who_may(sqlite, clock) -> None:
    text = CATALOG.replace("deploy: on-merge}", "deploy: on-merge, merged_by: deployers}")
    rig = Rig(database=sqlite, clock=clock, catalog_text=text)
    rig.let_people_in()
    await merge_green(rig, 12, "a")
    refused = await rig.only()

    await rig.comment(12, "/deploy staging", by=BOB)
    await rig.pass_time(SOAK)

    assert (refused.state, refused.reason) == (State.REFUSED, "merger_unknown")
    assert (await last(rig)).state is State.SUCCEEDED


async def test_a_lock_is_answered_with_a_reaction_only(desk: Rig) -> None:
    await desk.open_pull(12, "a")

    comment = await desk.comment(12, "/lock staging")

    assert desk.reactions(comment) == ["rocket"]
    assert reply_marker(1) not in desk.github.comments
