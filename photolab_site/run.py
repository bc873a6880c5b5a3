"""`make run`: keeps the broker, the web server, the two workers and the upkeep loop running together.

It loads neither Django nor torch, so that it starts at once; each of those runs in a child process.
"""

import fcntl
import http.client
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from photolab_site import children
from photolab_site.broker import EmbeddedBroker
from photolab_site.children import Child

ROOT = Path(__file__).resolve().parent.parent
TICK_S = 0.1
STOP_GRACE_S = 5.0
WORKER_PATIENCE_S = 20.0
TRIES_AT_START = 3
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}


class RunError(Exception):
    """Why Photo-Lab cannot start, in one line for the person at the terminal."""


@dataclass(frozen=True)
class Place:
    """Where this run keeps its data and where it listens."""

    data: Path
    host: str
    port: int
    redis_url: str

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Place":
        word = environment.get("PORT", "").strip() or "8000"
        if not word.isdecimal() or not 0 < int(word) < 65536:
            raise RunError(f"PORT: {word!r} is not a port number from 1 to 65535")
        data = environment.get("PHOTOLAB_DATA", "").strip() or str(ROOT / "data")
        return cls(
            data=Path(data).expanduser().resolve(),
            host=environment.get("HOST", "").strip() or "127.0.0.1",
            port=int(word),
            redis_url=environment.get("REDIS_URL", "").strip(),
        )

    @property
    def pids(self) -> Path:
        """Where the processes are written down while they run."""
        return self.data / "run.json"

    @property
    def address(self) -> str:
        if self.host in ("127.0.0.1", "::1", *EVERYWHERE):
            return f"http://localhost:{self.port}"
        return f"http://{self.host}:{self.port}"


class Supervisor:
    """Starts the processes in order, looks after them, and leaves none behind."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.children: list[Child] = []
        self.stop_requests = 0
        self.env = {
            # glibc otherwise keeps freed memory in an arena for each thread: 148 MB of web server instead of 107.
            "MALLOC_ARENA_MAX": "2",
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "photolab_site.settings",
            "PHOTOLAB_DATA": str(place.data),
            "PYTHONUNBUFFERED": "1",
        }

    def run(self) -> int:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._ask_to_stop)
        try:
            self._start_all()
            while not self.stop_requests:
                self._look_after()
        finally:
            self._stop_all()
        return 0

    def _ask_to_stop(self, _number: int, _frame: FrameType | None) -> None:
        self.stop_requests += 1

    def _start_all(self) -> None:
        say(f"Starting with the data in {self.place.data}")
        if not self.place.redis_url:
            self._start_broker()
        self._migrate()
        if self.stop_requests:
            return
        self._start("web server", *self._uvicorn(), stdout_to_terminal=True)
        self._start("worker", *self.celery("colorize", "--pool=prefork", "--concurrency=1"))
        self._start("training worker", *self.celery("train", "--pool=solo"))
        self._start("upkeep loop", sys.executable, "manage.py", "upkeep")
        self._announce()

    def _start(self, name: str, *argv: str, stdin: bytes = b"", **options: bool) -> Child:
        log_path = self.place.data / "logs" / f"{name.replace(' ', '_')}.log"
        child = Child(name, list(argv), ROOT, self.env, log_path, stdin, **options)
        child.start()
        self.children.append(child)
        children.record(self.children, self.place.pids)
        return child

    def _start_broker(self) -> None:
        broker = EmbeddedBroker.in_folder(self.place.data / "valkey")
        if broker.url:
            self.env["REDIS_URL"] = broker.url
        self._start("broker", *broker.argv, stdin=broker.configuration)
        while not broker.answers() and not self.stop_requests:
            self._look_after(starting=True)

    def _migrate(self) -> None:
        if self.stop_requests:
            return
        migration = self._start("migration", sys.executable, "manage.py", "migrate", "--noinput")
        self.children.remove(migration)
        while migration.is_running() and not self.stop_requests:
            self._look_after(starting=True)
        status = migration.process.returncode if migration.process else None
        migration.kill()
        if status:
            raise RunError(f"the database could not be prepared: {last_line(migration.log_path)}")

    def _uvicorn(self) -> list[str]:
        listen = ["--host", self.place.host, "--port", str(self.place.port)]
        # Pages that listen for news would otherwise keep it from ever stopping.
        flags = ["--lifespan=off", "--no-access-log", "--timeout-graceful-shutdown=3"]
        return [sys.executable, "-m", "uvicorn", "photolab_site.asgi:application", *listen, *flags]

    @staticmethod
    def celery(queue: str, *pool: str) -> list[str]:
        names = [f"--queues={queue}", f"--hostname={queue}@%h"]
        flags = ["--loglevel=INFO", "--without-gossip", "--without-mingle"]
        return [sys.executable, "-m", "celery", "-A", "photolab_site", "worker", *names, *pool, *flags]

    def _announce(self) -> None:
        """Wait for the web server and a live worker; tell the address as soon as both are there."""
        patience_ends = time.monotonic() + WORKER_PATIENCE_S
        while not self.stop_requests:
            health = asked_health(self.place)
            if health and '"live_workers": 0' not in health:
                return say(f"Ready at {self.place.address} (Ctrl-C stops everything)")
            if health and time.monotonic() > patience_ends:
                return say(f"Ready at {self.place.address}, but the worker is still starting")
            self._look_after(starting=True)

    def _look_after(self, *, starting: bool = False) -> None:
        """One tick. What keeps dying before the address was told will not come up by itself."""
        time.sleep(TICK_S)
        for child in self.children:
            before = child.process
            message = child.look_after()
            if message and starting and child.failures >= TRIES_AT_START:
                raise RunError(f"the {child.name} does not start: {last_line(child.log_path)}")
            if message and not self.stop_requests:
                say(message)
            if child.process is not before:
                children.record(self.children, self.place.pids)

    def _stop_all(self) -> None:
        """The broker goes last, so that the others take leave of it in order."""
        say("Stopping ...")
        brokers = [child for child in self.children if child.name == "broker"]
        others = [child for child in self.children if child.name != "broker"]
        for group in (others, brokers):
            children.stop(group, grace_s=STOP_GRACE_S, hurry=lambda: self.stop_requests > 1)
        self.place.pids.unlink(missing_ok=True)
        say("Stopped.")


def say(text: str) -> None:
    print(f"Photo-Lab: {text}", flush=True)


def last_line(log_path: Path) -> str:
    lines = log_path.read_text(errors="replace").strip().splitlines()
    return f"{lines[-1] if lines else 'it said nothing'} (more in {log_path})"


def asked_health(place: Place) -> str:
    """What /healthz answers, or "" while nothing answers well."""
    host = EVERYWHERE.get(place.host, place.host)
    connection = http.client.HTTPConnection(host, place.port, timeout=1)
    try:
        connection.request("GET", "/healthz", headers={"Host": "localhost"})
        answer = connection.getresponse()
        return answer.read().decode() if answer.status < 500 else ""
    except (OSError, http.client.HTTPException):
        return ""
    finally:
        connection.close()


def require_free_port(place: Place) -> None:
    try:
        kind, _, _, _, address = socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)[0]
    except socket.gaierror as error:
        raise RunError(f"HOST: {place.host!r} is not an address of this machine") from error
    with socket.socket(kind, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            raise RunError(
                f"port {place.port} on {place.host} cannot be used ({error.strerror}); "
                "choose another one with PORT, for example: PORT=8001 make run"
            ) from error


@contextmanager
def sole_use_of(data: Path) -> Iterator[None]:
    """Hold the data folder: two brokers or two supervisors on one folder would fight."""
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = (data / "run.lock").open("w")
    except OSError as error:
        raise RunError(f"PHOTOLAB_DATA: {data} cannot be used ({error.strerror})") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise RunError(
                f"already running with the data in {data}; "
                "stop that run first, or choose another folder with PHOTOLAB_DATA"
            ) from error
        yield


def main() -> int:
    try:
        place = Place.from_environment(os.environ)
        with sole_use_of(place.data):
            if ended := children.end_leftovers(place.pids):
                say(f"Ended {ended} processes that an earlier run had left behind.")
            children.empty(place.data / "tmp")
            require_free_port(place)
            return Supervisor(place).run()
    except RunError as error:
        print(f"Photo-Lab: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
