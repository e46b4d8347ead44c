"""The loop of a worker ends when it is told to, whatever else happens at that moment."""

import asyncio

from tests.component.engine.rig import Rig


async def test_worker_that_is_woken_and_cancelled_at_once_ends(rig: Rig) -> None:
    worker = rig.outbox.worker
    running = asyncio.create_task(worker.run())
    async with asyncio.timeout(5):
        while not worker._called._waiters:  # until it rests
            await asyncio.sleep(0.01)

    worker.wake()
    await asyncio.sleep(0)  # the wake-up is on its way, and not yet seen
    running.cancel()

    done, _ = await asyncio.wait({running}, timeout=2)
    assert done == {running}
