"""Photographs that come to the network at the same time go through it as one batch, on devices that gain by that.

The first to come waits for others of its shape that are on their way, MOST_WAIT_S at most, and not at all when none is.
A batch that memory runs out for is halved, and so are those after it.
"""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from torch import Tensor

from .errors import DeviceFullError, is_no_memory

MOST_WAIT_S = 0.05


@dataclass
class _Batch:
    lights: list[Tensor] = field(default_factory=list)  # each (n, 1, H, W)
    answers: "Future[list[Tensor | None]] | None" = None  # once it was sent


class Batcher:
    """Shared by the threads of one process. `network` takes L (N, 1, H, W) and makes something of each of the N."""

    def __init__(self, network: Callable[[Tensor], Tensor], *, most: int) -> None:
        self.most = most  # photographs in one batch; fewer once memory ran out
        self._network = network
        self._changed = threading.Condition()
        self._coming = 0
        self._mine = threading.local()  # whether this thread is among them
        self._waiting: dict[torch.Size, _Batch] = {}
        # One batch at a time; where there are none, the photograph stays in its own thread.
        self._runner = ThreadPoolExecutor(1, thread_name_prefix="network") if most > 1 else None

    @contextmanager
    def coming(self) -> Iterator[None]:
        """Around what leads a photograph to the network in this thread: others wait for it until it is there."""
        self._count(1)
        self._mine.is_coming = True
        try:
            yield
        finally:
            self._arrive()

    def __call__(self, light: Tensor) -> Tensor:
        """What the network makes of L (n, 1, H, W): alone, unless this thread was `coming` and others were too.

        Raises DeviceFullError, and what the network raises.
        """
        if self._runner is None or not self._is_coming():
            answer = self._through([light])[0]
        else:
            batch, place = self._join(light)
            answer = batch.answers.result()[place]
        if answer is None:
            raise DeviceFullError("The device has too little memory to color even one photograph.")
        return answer

    def _join(self, light: Tensor) -> tuple[_Batch, int]:
        """A batch that was sent, and which of its lights this is."""
        with self._changed:
            batch = self._waiting.setdefault(light.shape, _Batch())
            place = len(batch.lights)
            batch.lights.append(light)
            self._arrive()
            if len(batch.lights) >= self.most:
                self._send(light.shape)
            elif place > 0:
                self._changed.wait_for(lambda: batch.answers is not None)
            else:
                self._changed.wait_for(lambda: batch.answers is not None or not self._coming, MOST_WAIT_S)
                if batch.answers is None:
                    self._send(light.shape)
        return batch, place

    def _send(self, shape: torch.Size) -> None:
        """With the lock held; the next to come begin another."""
        batch = self._waiting.pop(shape)
        batch.answers = self._runner.submit(self._through, batch.lights)
        self._changed.notify_all()

    def _through(self, lights: list[Tensor]) -> list[Tensor | None]:
        """None for one that even alone is too large for the device."""
        try:
            return list(self._network(torch.cat(lights)).split([len(light) for light in lights]))
        except (MemoryError, RuntimeError) as error:
            if not is_no_memory(error):
                raise
        # Not in the handler, since the error holds on to what the network had made until then.
        if len(lights) == 1:
            return [None]
        half = len(lights) // 2
        self.most = min(self.most, half)
        return self._through(lights[:half]) + self._through(lights[half:])

    def _is_coming(self) -> bool:
        return getattr(self._mine, "is_coming", False)

    def _arrive(self) -> None:
        if self._is_coming():
            self._mine.is_coming = False
            self._count(-1)

    def _count(self, more: int) -> None:
        with self._changed:
            self._coming += more
            self._changed.notify_all()
