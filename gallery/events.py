"""Tells open pages what changed. One database poll for each process, however many pages listen.

The hub polls only while somebody listens, in one thread that keeps one connection. It looks a few
seconds back each time, because a row's change is dated before its transaction is committed.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from time import monotonic

from django.db import DatabaseError, InterfaceError, connection
from django.db.models.functions import Now

from gallery.models import Job, Removal

logger = logging.getLogger(__name__)

POLL_EVERY_S = 0.5
LOOK_BACK_S = 5.0
QUEUE_LENGTH = 100

# (kind, row, moment of its change): the same change is found by several polls, and told once.
Change = tuple[str, int, object]


class Listener:
    """One open page. When it is too slow for its queue, it is told to look at everything again."""

    def __init__(self) -> None:
        self._batches: asyncio.Queue[frozenset[int]] = asyncio.Queue(QUEUE_LENGTH)
        self._overflowed = False

    def tell(self, photo_ids: frozenset[int]) -> None:
        try:
            self._batches.put_nowait(photo_ids)
        except asyncio.QueueFull:
            self._overflowed = True

    async def wait(self, timeout_s: float) -> frozenset[int] | None:
        """Photo ids that changed; empty after silence; None when some were lost."""
        try:
            photo_ids = await asyncio.wait_for(self._batches.get(), timeout_s)
        except TimeoutError:
            return frozenset()
        if not self._overflowed:
            return photo_ids
        self._overflowed = False
        while not self._batches.empty():
            self._batches.get_nowait()
        return None


class Hub:
    def __init__(self) -> None:
        self._listeners: dict[int, set[Listener]] = defaultdict(set)
        self._polling: asyncio.Task[None] | None = None

    @contextmanager
    def listening(self, owner_id: int) -> Iterator[Listener]:
        """Within a running event loop. Nothing is awaited on the way out, so a stream that is cut off leaves too."""
        listener = Listener()
        self._listeners[owner_id].add(listener)
        if self._polling is None or self._polling.get_loop().is_closed():
            self._polling = asyncio.create_task(self._poll_while_heard())
        try:
            yield listener
        finally:
            self._listeners[owner_id].discard(listener)
            if not self._listeners[owner_id]:
                del self._listeners[owner_id]

    async def _poll_while_heard(self) -> None:
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(1, thread_name_prefix="photo-events") as thread:
            seen: set[Change] = set()
            looked_at = monotonic() - LOOK_BACK_S
            try:
                while self._listeners:
                    started = monotonic()
                    found = await loop.run_in_executor(thread, changes_since, started - looked_at + LOOK_BACK_S)
                    if found is not None:
                        self._tell({change: spot for change, spot in found.items() if change not in seen})
                        seen, looked_at = set(found), started
                    await asyncio.sleep(POLL_EVERY_S)
            finally:
                self._polling = None  # before anything is awaited: who comes now has to start another
                await loop.run_in_executor(thread, close_connection)

    def _tell(self, fresh: dict[Change, tuple[int, int]]) -> None:
        by_owner: dict[int, set[int]] = defaultdict(set)
        for owner_id, photo_id in fresh.values():
            by_owner[owner_id].add(photo_id)
        for owner_id, photo_ids in by_owner.items():
            for listener in self._listeners.get(owner_id, ()):
                listener.tell(frozenset(photo_ids))


def changes_since(seconds: float) -> dict[Change, tuple[int, int]] | None:
    """Each change of the last seconds with its (owner, photo); None when the database does not answer."""
    since = Now() - timedelta(seconds=seconds)
    jobs = Job.objects.filter(changed_at__gte=since).order_by()
    removals = Removal.objects.filter(removed_at__gte=since)
    try:
        found: dict[Change, tuple[int, int]] = {
            ("job", pk, changed_at): (owner_id, photo_id)
            for pk, changed_at, owner_id, photo_id in jobs.values_list(
                "pk", "changed_at", "photo__owner_id", "photo_id"
            )
        }
        for pk, owner_id, photo_id in removals.values_list("pk", "owner_id", "photo_id"):
            found["removal", pk, None] = (owner_id, photo_id)
    except (DatabaseError, InterfaceError):
        logger.exception("Open pages hear nothing until the database answers")
        close_connection()
        return None
    return found


def close_connection() -> None:
    """`connection` stands for another connection in each thread, so this must run where the poll ran."""
    connection.close()


hub = Hub()
