"""`make run` itself: how it starts, refuses to start, keeps its processes and leaves none behind."""

import os
import signal
import socket
import time
from pathlib import Path
from unittest import TestCase

import httpx
from django.test import tag

from photolab_site import children
from photolab_site.children import Child
from tests.e2e.stack import Stack, running_processes, wait_until
from tests.e2e.visitors import ApiVisitor, FormVisitor, join

STOPPED_WITHIN_S = 8
READY_WITHIN_S = 10


@tag("alone")
class StartAndStopTests(TestCase):
    def setUp(self) -> None:
        self.stack = Stack()
        self.addCleanup(self.stack.close)

    def assert_gone(self, family: set[int]) -> None:
        self.assertGreaterEqual(len(family), 7, "supervisor, broker, web server, worker, its child, trainer, upkeep")
        wait_until(lambda: not family & running_processes().keys(), within_s=3)

    def test_it_stops_and_starts_again_with_all_data_however_it_was_ended(self) -> None:
        self.stack.start()
        visitor = FormVisitor(self.stack.url)
        self.addCleanup(visitor.close)
        visitor.sign_up("olga")
        family = self.stack.family()
        with visitor.http.stream("GET", "/photos/events/") as news:  # a page that listens must not hold it up
            self.assertEqual("text/event-stream", news.headers["Content-Type"].split(";")[0])
            self.assertLess(self.stack.stop(signal.SIGINT), STOPPED_WITHIN_S)
        self.assertEqual(0, self.stack.supervisor.returncode)
        self.assert_gone(family)
        self.assertLess(self.stack.start(), READY_WITHIN_S)
        again = ApiVisitor(self.stack.url, "olga")
        self.addCleanup(again.close)
        self.assertEqual(200, again.http.get("/photos").status_code)
        family = self.stack.family()
        self.stack.supervisor.kill()
        self.stack.supervisor.wait()
        self.assert_gone(family)
        (self.stack.data / "tmp" / "pixels.ppm").write_bytes(b"of a process that was killed")
        self.assertLess(self.stack.start(), READY_WITHIN_S, "after a supervisor that was killed")
        self.assertEqual([], list((self.stack.data / "tmp").iterdir()))

    def test_a_start_removes_the_temporary_files_of_killed_processes(self) -> None:
        left = self.stack.data / "tmp" / "tmpabc" / "pixels.ppm"
        left.parent.mkdir(parents=True)
        left.write_bytes(b"somebody's photograph")
        elsewhere = self.stack.folder / "elsewhere"
        elsewhere.mkdir()
        (self.stack.data / "tmp" / "link").symlink_to(elsewhere)
        (self.stack.data / "tmp" / "x.upload.jpg").write_bytes(b"another one")
        children.empty(self.stack.data / "tmp")
        self.assertEqual([], list((self.stack.data / "tmp").iterdir()))
        self.assertTrue(elsewhere.is_dir())

    def test_a_taken_port_is_one_clear_line(self) -> None:
        with socket.socket() as other:
            other.bind(("127.0.0.1", self.stack.port))
            other.listen()
            refused = self.stack.try_to_start()
        self.assertEqual((1, ""), (refused.returncode, refused.stdout))
        self.assertRegex(refused.stderr, rf"\APhoto-Lab: port {self.stack.port} .*PORT=.*\n\Z")

    def test_a_port_that_is_none_is_one_clear_line(self) -> None:
        refused = self.stack.try_to_start(PORT="eighty")
        self.assertEqual(1, refused.returncode)
        self.assertRegex(refused.stderr, r"\APhoto-Lab: PORT: 'eighty' is not a port number.*\n\Z")

    def test_a_setting_that_is_wrong_is_one_clear_line(self) -> None:
        refused = self.stack.try_to_start(PHOTOLAB_MAX_UPLOAD_MB="lots")
        self.assertEqual(1, refused.returncode)
        self.assertRegex(refused.stderr, r"\APhoto-Lab: .*PHOTOLAB_MAX_UPLOAD_MB.*'lots'.*\n\Z")
        self.assertFalse((self.stack.data / "run.json").exists())


@tag("alone")
class KeepTests(TestCase):
    """A site whose data folder lies too deep for a unix socket: its broker listens on a port."""

    stack: Stack

    @classmethod
    def setUpClass(cls) -> None:
        cls.stack = Stack()
        cls.addClassCleanup(cls.stack.close)
        cls.stack.data = cls.stack.folder / ("deep folder " * 8) / "data"
        cls.stack.env["PHOTOLAB_DATA"] = str(cls.stack.data)
        cls.stack.start()

    def test_a_second_start_on_the_same_data_is_one_clear_line(self) -> None:
        refused = self.stack.try_to_start()
        self.assertEqual((1, ""), (refused.returncode, refused.stdout))
        self.assertRegex(refused.stderr, r"\APhoto-Lab: already running with the data in .*PHOTOLAB_DATA\n\Z")

    def test_whatever_dies_is_started_again(self) -> None:
        before = {
            name: self.stack.pid(name) for name in ("broker", "web server", "worker", "training worker", "upkeep loop")
        }
        for pid in before.values():
            os.kill(pid, signal.SIGKILL)
        wait_until(lambda: all(self.is_new(name, pid) for name, pid in before.items()), within_s=10)
        visitor = wait_until(self.visitor_or_none, within_s=10)
        self.addCleanup(visitor.close)
        for name in before:
            self.assertIn(f"The {name} stopped (ended by signal 9); starting it again", self.stack.output())

    def is_new(self, name: str, pid: int) -> bool:
        try:
            return self.stack.pid(name) != pid
        except StopIteration:
            return False

    def visitor_or_none(self) -> ApiVisitor | None:
        try:
            return join(self.stack.url, "olga")
        except httpx.TransportError:
            return None

    def test_the_broker_takes_no_commands_without_its_password(self) -> None:
        broker_log = self.stack.log("broker")
        self.assertIn("Ready to accept connections tcp", broker_log)
        self.assertEqual([], list((self.stack.data / "valkey").glob("*.sock")))
        listing = Path(f"/proc/{self.stack.pid('broker')}/cmdline")
        if listing.exists():
            self.assertNotIn(b"requirepass", listing.read_bytes())


class RestartTests(TestCase):
    def test_the_pauses_grow_between_restarts_of_what_keeps_failing(self) -> None:
        stack = Stack()
        self.addCleanup(stack.close)
        child = Child("broken", ["false"], stack.folder, os.environ, stack.folder / "broken.log")
        self.addCleanup(child.kill)
        child.start()
        told = [wait_until(child.look_after, within_s=5) for _ in range(3)]
        for message, pause in zip(told, ("0.5 s", "1 s", "2 s"), strict=True):
            self.assertIn(f"The broken stopped (exit status 1); starting it again in {pause}.", message)


class LeftoverTests(TestCase):
    """What a start finds after a supervisor was killed where the system does not end its children."""

    def setUp(self) -> None:
        self.stack = Stack()
        self.addCleanup(self.stack.close)
        self.record = self.stack.folder / "run.json"
        self.child = Child("sleeper", ["sleep", "60"], self.stack.folder, os.environ, self.stack.folder / "sleeper.log")
        self.child.start()
        self.addCleanup(self.child.kill)
        children.record([self.child], self.record)

    def test_a_process_left_behind_is_ended(self) -> None:
        self.assertEqual(1, children.end_leftovers(self.record))
        self.assertEqual(-signal.SIGKILL, self.child.process.wait(timeout=3))
        self.assertFalse(self.record.exists())

    def test_another_process_with_the_same_number_is_left_alone(self) -> None:
        self.child.started_at = time.time() - 3600
        children.record([self.child], self.record)
        self.assertEqual(0, children.end_leftovers(self.record))
        self.assertTrue(self.child.is_running())
