"""The API server is out of reach in mid-rollout: the verdict is the same, later."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from bot.cluster.adapter import KubernetesCluster
from bot.domain.graces import DEFAULT_GRACES
from bot.domain.verdict import Judgement, judge
from bot.errors import TransientError
from tests.cluster.rollouts import Rollout, remembering, rolling_out
from tests.measured import Measure
from tests.testbed.bed import TestBed
from tests.testbed.cases import BY_NAME
from tests.testbed.cases.stage import Changed

pytestmark = pytest.mark.cluster

AWAY = 2.0
"""Seconds without an API server, to which the patience of one look is added: longer than a crash takes to be seen."""
PATIENCE = 90.0


class Relay:
    """Between the bot and the API server; while it is cut, nobody is reached and every connection is gone."""

    def __init__(self, host: str, port: int) -> None:
        self._to = (host, port)
        self._server: asyncio.Server | None = None
        self._pipes: set[asyncio.Task[None]] = set()
        self.port = 0

    async def mend(self) -> None:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        assert self._server is not None
        self._server.close()
        for pipe in tuple(self._pipes):
            pipe.cancel()
        await asyncio.gather(*self._pipes, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        onward_reader, onward_writer = await asyncio.open_connection(*self._to)
        for source, sink in ((reader, onward_writer), (onward_reader, writer)):
            pipe = asyncio.create_task(_pour(source, sink))
            self._pipes.add(pipe)
            pipe.add_done_callback(self._pipes.discard)


async def _pour(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    try:
        with suppress(ConnectionError):
            while data := await source.read(65536):
                sink.write(data)
                await sink.drain()
    finally:
        sink.transport.abort()


@asynccontextmanager
async def relayed(bed: TestBed, folder: Path) -> AsyncIterator[tuple[Relay, KubernetesCluster]]:
    """The bot's adapter behind a relay."""
    config = json.loads(bed.kubeconfig.read_text())
    about = config["clusters"][0]["cluster"]
    address = urlsplit(about["server"])
    relay = Relay(address.hostname or "127.0.0.1", address.port or 443)
    await relay.mend()
    about["server"] = f"https://127.0.0.1:{relay.port}"
    (folder / "kubeconfig").write_text(json.dumps(config))
    cluster = KubernetesCluster(folder / "kubeconfig")
    await cluster.start()
    try:
        yield relay, cluster
    finally:
        await cluster.aclose()
        await relay.cut()


@pytest.mark.timeout(240)
@pytest.mark.parametrize("name", ["exit-3", "good", "statefulset-missing-tag"])
async def test_an_outage_of_the_api_server_only_delays_the_verdict(
    name: str, real_node: TestBed, tmp_path: Path, measure: Measure
) -> None:
    case = BY_NAME[name]
    async with (
        relayed(real_node, tmp_path) as (relay, cluster),
        rolling_out(case, real_node, cluster, denying="", graces=DEFAULT_GRACES) as rollout,
    ):
        stop = cluster.subscribe(rollout.stage.namespace, rollout.woken.set)
        await cluster.observe(rollout.target)
        changed = await asyncio.to_thread(rollout.stage.change)
        await relay.cut()
        await asyncio.sleep(AWAY)  # the outage itself; a look during it waits some seconds more
        with pytest.raises(TransientError):
            await cluster.observe(rollout.target)
        await relay.mend()
        back = datetime.now(UTC)
        judged = await until_verdict(rollout, changed)
        stop()

    measure(f"API server back to the verdict on {case.title}", (datetime.now(UTC) - back).total_seconds())
    assert (judged.verdict, judged.reason) == (case.expected.verdict, case.expected.reason)


async def until_verdict(rollout: Rollout, changed: Changed) -> Judgement:
    """What is judged in the end, looking again after every change and a few times a second."""
    wanted = rollout.wanted(changed)
    async with asyncio.timeout(PATIENCE):
        while True:
            rollout.woken.clear()
            with suppress(TransientError):
                observed, now = await rollout.cluster.observe(rollout.target), datetime.now(UTC)
                judged = judge(observed, wanted, now)
                if not judged.in_progress:
                    return judged
                wanted = remembering(wanted, judged, now)
            with suppress(TimeoutError):
                async with asyncio.timeout(0.25):
                    await rollout.woken.wait()
