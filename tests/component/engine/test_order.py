"""What can never happen on one target: two at once, an older over a newer one, somebody else's namespace."""

import pytest

from bot.domain.intent import State
from bot.errors import LostLeaseError
from tests.component.engine.rig import Rig
from tests.factories import CATALOG, sha
from tests.fakes.cluster import FakeCluster
from tests.fakes.registry import digest


async def test_a_newer_merge_ends_the_older_rollout_and_is_never_red(rig: Rig) -> None:
    rig.cluster.behaviour = "slow"
    await rig.merge(12, "a")
    await rig.checks("a", build="success", test="success")
    await rig.merge(13, "b")
    await rig.checks("b", build="success", test="success")
    rig.cluster.behaviour, rig.cluster.ready_at = "ok", rig.clock()
    await rig.pass_time(60)

    assert await rig.states() == ["superseded", "succeeded"]
    statuses = [kind for kind in rig.github.kinds() if kind.startswith("status")]
    assert "status failure" not in statuses


async def test_an_older_commit_that_turns_green_late_does_not_overwrite(rig: Rig) -> None:
    await rig.merge(12, "a")
    await rig.merge(13, "b")
    await rig.checks("b", build="success", test="success")
    await rig.pass_time(40)
    await rig.checks("a", build="success", test="success")
    await rig.pass_time(40)

    assert await rig.states() == ["superseded", "succeeded"]
    assert rig.cluster.image.endswith(digest(sha("b")))


async def test_an_older_commit_does_not_overwrite_a_newer_one_that_failed(rig: Rig) -> None:
    await rig.merge(12, "a")
    await rig.checks("a", build=None)
    rig.cluster.behaviour = "crash"
    await rig.merge(13, "b")
    rig.github.history = [sha("a"), sha("b")]
    await rig.checks("b", build="success", test="success")
    await rig.pass_time(20)
    await rig.checks("a", build="success", test="success")
    await rig.pass_time(20)

    assert await rig.states() == ["superseded", "failed"]
    assert len(rig.cluster.patches) == 1


async def test_a_commit_that_was_forced_off_the_branch_is_refused(rig: Rig) -> None:
    await rig.merge(12, "a")
    rig.github.history = [sha("c")]
    real = rig.github.ancestry

    async def ancestry(repository, *, base, head):
        return "diverged" if base == sha("a") else await real(repository, base=base, head=head)

    rig.github.ancestry = ancestry
    await rig.checks("a", build="success", test="success")

    assert (await rig.only()).reason == "not_on_branch"


async def test_the_cluster_remembers_what_a_lost_database_does_not(rig: Rig) -> None:
    rig.cluster.annotations["greenlane.dev/commit"] = sha("b")
    await rig.merge(12, "a")
    rig.github.history = [sha("a"), sha("b")]
    await rig.checks("a", build="success", test="success")

    assert await rig.states() == ["superseded"]


async def test_a_worker_that_was_overtaken_writes_nothing(rig: Rig) -> None:
    """The older worker has read the workload; before its patch leaves, the newer one takes the target over."""
    rig.cluster.behaviour = "slow"
    await rig.merge(12, "a")
    rig.github.set_checks(sha("a"), build="success", test="success")
    await rig.deliver(rig.hint("commit", sha=sha("a")))
    await rig.run("deliveries")

    def overtake(_: object) -> None:
        rig.cluster.before_patch = None
        rig.cluster.image = "registry.example/payments/checkout:newer@sha256:" + "1" * 64

    rig.cluster.before_patch = overtake
    await rig.settle()

    assert rig.cluster.patches == []
    assert rig.cluster.image.endswith("1" * 64)


async def test_a_lost_lease_stops_the_step_before_its_effect(rig: Rig) -> None:
    await rig.merge(12, "a")
    rig.github.set_checks(sha("a"), build="success", test="success")
    rig.clock.advance(seconds=61)
    lease, intent = await rig.reconciler.worker.claim()
    rig.clock.advance(seconds=31)
    other = Rig(
        database=rig.database,
        clock=rig.clock,
        github=rig.github,
        registry=rig.registry,
        cluster=rig.cluster,
        owner="worker-2",
    )
    claimed = await other.reconciler.worker.claim()

    assert claimed is not None
    with pytest.raises(LostLeaseError):
        await rig.reconciler._handle((lease, intent))
    assert rig.cluster.patches == []


async def test_a_restart_after_the_patch_adopts_it(rig: Rig) -> None:
    """The patch arrived, its record did not: the next worker finds it instead of patching again."""
    await rig.merge(12, "a")
    real_patch = rig.cluster.patch

    async def patch_and_die(*arguments, **facts):
        await real_patch(*arguments, **facts)
        raise KeyboardInterrupt

    rig.cluster.patch = patch_and_die
    rig.github.set_checks(sha("a"), build="success", test="success")
    await rig.deliver(rig.hint("commit", sha=sha("a")))
    with pytest.raises(KeyboardInterrupt):
        await rig.settle()
    rig.cluster.patch = real_patch
    rig.clock.advance(seconds=31)
    again = Rig(
        database=rig.database,
        clock=rig.clock,
        github=rig.github,
        registry=rig.registry,
        cluster=rig.cluster,
        owner="worker-2",
    )
    await again.pass_time(60)

    intent = await again.only()
    assert (intent.state, intent.reason) == (State.SUCCEEDED, "finished")
    assert len(rig.cluster.patches) == 1


async def test_a_catalog_that_changed_its_mind_stops_the_intent(rig: Rig) -> None:
    await rig.merge(12, "a")
    moved = CATALOG.replace("payments-staging", "payments-other")
    after_restart = Rig(
        database=rig.database,
        clock=rig.clock,
        catalog_text=moved,
        github=rig.github,
        registry=rig.registry,
        cluster=rig.cluster,
    )
    await after_restart.checks("a", build="success", test="success")

    assert (await after_restart.only()).reason == "target_changed"
    assert rig.cluster.namespaces == []


async def test_only_the_catalogs_namespace_is_ever_asked(rig: Rig) -> None:
    await rig.merge(12, "a")
    await rig.checks("a", build="success", test="success")
    await rig.pass_time(40)

    assert set(rig.cluster.namespaces) == {FakeCluster().target.namespace}


async def test_a_paused_rollout_does_not_hold_the_target_for_ever(rig: Rig) -> None:
    rig.cluster.behaviour = "paused"
    await rig.merge(12, "a")
    await rig.checks("a", build="success", test="success")
    await rig.pass_time(3 * 3600, step=600)
    held = await rig.only()
    await rig.pass_time(23 * 3600, step=1200)

    assert held.state is State.ROLLING_OUT
    intent = await rig.only()
    assert (intent.state, intent.reason) == (State.UNKNOWN, "paused")


async def test_a_paused_rollout_that_is_resumed_has_its_time(rig: Rig) -> None:
    rig.cluster.behaviour = "paused"
    await rig.merge(12, "a")
    await rig.checks("a", build="success", test="success")
    await rig.pass_time(3600, step=300)
    rig.cluster.behaviour, rig.cluster.ready_at = "slow", rig.clock()
    await rig.pass_time(60)
    rig.cluster.behaviour, rig.cluster.ready_at = "ok", rig.clock()
    await rig.pass_time(60)

    assert await rig.states() == ["succeeded"]
