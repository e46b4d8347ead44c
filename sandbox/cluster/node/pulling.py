"""How a container comes by its image: pull policy, the node's sentences, and the back-off between tries."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from sandbox.cluster.clock import Clock
from sandbox.cluster.documents import Obj
from sandbox.cluster.node.images import Image, ImagePuller, PullError
from sandbox.cluster.node.logins import Login

_NOTED: Final = 12.0
"""Seconds until `ErrImagePull` becomes `ImagePullBackOff`: the kubelet writes it at its next round."""
_BACK_OFF: Final = 10.0
_LONGEST_BACK_OFF: Final = 300.0
_ROUND: Final = 2.5


class Pulling:
    """One container's; `wait` shows a reason and a message, `tell` records an event."""

    def __init__(
        self,
        spec: Obj,
        puller: ImagePuller,
        clock: Clock,
        *,
        login: Callable[[], Login],
        wait: Callable[[str, str], None],
        tell: Callable[[str, str], None],
    ) -> None:
        self._name = str(spec["image"])
        self._policy = str(spec["imagePullPolicy"])
        self._puller = puller
        self._clock = clock
        self._login = login
        self._wait = wait
        self._tell = tell

    async def image(self) -> Image:
        """The image, however long it takes; what goes wrong is in the container's state meanwhile."""
        held = self._puller.present(self._name)
        if held and self._policy != "Always":
            text = f'Container image "{self._name}" already present on machine and can be accessed by the pod'
            self._tell("Pulled", text)
            return held
        if self._policy == "Never":
            return await self._never()
        delay = _BACK_OFF
        while True:
            try:
                return await self._pull()
            except PullError as error:
                await self._wait_after(error, delay)
                delay = min(delay * 2, _LONGEST_BACK_OFF)

    async def _pull(self) -> Image:
        began = self._clock.monotonic()
        self._tell("Pulling", f'Pulling image "{self._name}"')
        image = await self._puller.pull(self._name, self._login())
        took = f"{(self._clock.monotonic() - began) * 1000:.0f}ms"
        including = f"({took} including waiting). Image size: {image.size} bytes."
        self._tell("Pulled", f'Successfully pulled image "{self._name}" in {took} {including}')
        return image

    async def _never(self) -> Image:
        text = f'Container image "{self._name}" is not present with pull policy of Never'
        self._tell("ErrImageNeverPull", text)
        self._wait("ErrImageNeverPull", text)
        await asyncio.get_running_loop().create_future()
        raise AssertionError("nobody resolves this")

    async def _wait_after(self, error: PullError, delay: float) -> None:
        if error.reason == "ErrImagePull":
            self._tell("Failed", f'Failed to pull image "{self._name}": {error}')
        else:
            self._tell("InspectFailed", str(error))
        self._tell("Failed", f"Error: {error.reason}")
        await self._clock.sleep(0.4)
        self._wait(error.reason, str(error))
        if error.reason == "ErrImagePull":
            await self._clock.sleep(_NOTED)
            self._tell("BackOff", f'Back-off pulling image "{self._name}"')
            self._wait("ImagePullBackOff", f'Back-off pulling image "{self._name}": {error.reason}: {error}')
        await self._clock.sleep(max(1.0, delay + _ROUND - _NOTED))
