"""The stream that keeps pages up to date: what it tells, how soon, and to whom."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic

from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.db import connections
from django.test import AsyncClient, tag
from django.urls import reverse

from gallery import events, services
from gallery.views import live
from tests.base import GalleryRaceTestCase


class Page:
    """An open page: reads events off the stream."""

    def __init__(self, stream: AsyncGenerator[str]) -> None:
        self._stream = stream
        self._waiting: asyncio.Future[str] | None = None

    async def close(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            await asyncio.wait([self._waiting])
        await self._stream.aclose()

    async def next(self, within_s: float = 3.0) -> tuple[str, dict]:
        """The next event and its data; pings have the name "ping"."""
        if self._waiting is None:  # a wait that timed out goes on: cancelling it would end the stream
            self._waiting = asyncio.ensure_future(anext(self._stream))
        text = await asyncio.wait_for(asyncio.shield(self._waiting), within_s)
        self._waiting = None
        lines = dict(line.split(": ", 1) for line in text.strip().split("\n"))
        return lines.get("event", "ping"), json.loads(lines.get("data", "{}"))


@asynccontextmanager
async def open_page(user: User) -> AsyncIterator[Page]:
    page = Page(live.stream(user.pk))
    assert await page.next() == ("hello", {})
    try:
        yield page
    finally:
        await page.close()


@tag("alone")
class EventTests(GalleryRaceTestCase):
    async def act(self, function: object, *arguments: object) -> object:
        """In a thread with a connection of its own, as another process would."""

        def run() -> object:
            try:
                return function(*arguments)
            finally:
                connections.close_all()

        return await sync_to_async(run, thread_sensitive=False)()

    async def test_a_change_is_told_within_a_second(self) -> None:
        photo = await self.act(self.make_photo, self.owner)
        async with open_page(self.owner) as page:
            await page.next()  # the job's creation is recent enough to be told
            claim = await self.act(self.claimed, photo)
            started = monotonic()
            self.assertEqual(await page.next(), ("photos", {"ids": [photo.pk]}))
            self.assertLess(monotonic() - started, 1.0)
            output = await self.act(self.stored_output, claim)
            await self.act(services.finish, claim, output)
            self.assertEqual(await page.next(within_s=1.0), ("photos", {"ids": [photo.pk]}))

    async def test_the_address_of_the_stream_gives_events_that_nobody_may_keep(self) -> None:
        client = AsyncClient()
        await client.aforce_login(self.owner)
        answer = await client.get(reverse("photo_events"))
        self.assertEqual(answer["Content-Type"], "text/event-stream")
        self.assertEqual(answer["Cache-Control"], "no-cache, no-transform")
        self.assertEqual(await anext(answer.streaming_content), b"retry: 3000\nevent: hello\ndata: {}\n\n")

    async def test_a_change_is_told_once(self) -> None:
        photo = await self.act(self.make_photo, self.owner)
        async with open_page(self.owner) as page:
            await page.next()
            await self.act(self.claimed, photo)
            await page.next()
            with self.assertRaises(TimeoutError):
                await page.next(within_s=4 * events.POLL_EVERY_S)

    async def test_a_deleted_photo_is_told(self) -> None:
        photo = await self.act(self.make_photo, self.owner)
        async with open_page(self.owner) as page:
            await page.next()
            await self.act(services.delete_photos, [photo.pk])
            self.assertEqual(await page.next(within_s=1.0), ("photos", {"ids": [photo.pk]}))

    async def test_nobody_hears_of_the_photos_of_others(self) -> None:
        async with open_page(self.owner) as page, open_page(self.stranger) as strangers_page:
            photo = await self.act(self.make_photo, self.owner)
            self.assertEqual(await page.next(), ("photos", {"ids": [photo.pk]}))
            with self.assertRaises(TimeoutError):
                await strangers_page.next(within_s=2 * events.POLL_EVERY_S)

    async def test_all_pages_of_an_owner_are_told(self) -> None:
        async with open_page(self.owner) as first, open_page(self.owner) as second:
            photo = await self.act(self.make_photo, self.owner)
            self.assertEqual(await first.next(), await second.next())
            self.assertTrue(photo.pk)

    async def test_many_pages_cost_one_poll(self) -> None:
        """However many listen, the hub has one task; when the last page closes, the task ends."""
        async with open_page(self.owner), open_page(self.friend), open_page(self.owner):
            polling = events.hub._polling
            self.assertFalse(polling.done())
        await asyncio.wait_for(polling, 3 * events.POLL_EVERY_S)
        self.assertEqual(dict(events.hub._listeners), {})
        self.assertIsNone(events.hub._polling)

    async def test_a_page_opened_as_the_last_one_closes_is_not_left_deaf(self) -> None:
        async with open_page(self.owner):
            pass
        async with open_page(self.owner) as page:
            photo = await self.act(self.make_photo, self.owner)
            self.assertEqual(await page.next(), ("photos", {"ids": [photo.pk]}))

    async def test_a_quiet_stream_pings_and_an_old_one_ends(self) -> None:
        self.addCleanup(setattr, live, "PING_EVERY_S", live.PING_EVERY_S)
        self.addCleanup(setattr, live, "LONGEST_STREAM_S", live.LONGEST_STREAM_S)
        live.PING_EVERY_S, live.LONGEST_STREAM_S = 0.2, 0.5
        told = [part async for part in live.stream(self.owner.pk)]
        self.assertEqual(told[1:-1], [": ping\n\n"] * len(told[1:-1]))
        self.assertLessEqual(len(told), 5)


class ListenerTests(GalleryRaceTestCase):
    async def test_a_page_that_is_too_slow_is_told_to_look_at_everything(self) -> None:
        listener = events.Listener()
        for number in range(events.QUEUE_LENGTH + 5):
            listener.tell(frozenset({number}))
        self.assertIsNone(await listener.wait(0.1))
        self.assertEqual(await listener.wait(0.01), frozenset())
        listener.tell(frozenset({7}))
        self.assertEqual(await listener.wait(0.1), frozenset({7}))
