"""The whole site as `make run` starts it, in a data folder of its own and on a free port."""

import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings

COMMAND = [sys.executable, "-m", "photolab_site.run"]
# What a developer may have set for the site must not reach the site under test.
FOREIGN = (
    "DATABASE_URL",
    "REDIS_URL",
    "SECRET_KEY",
    "DEBUG",
    "ALLOWED_HOSTS",
    "EMAIL_URL",
    "HOST",
    "CSRF_TRUSTED",
    "OMP_",
)


class Stack:
    """Supervisor, broker, web server, worker and upkeep loop; all of them real."""

    def __init__(self, **environment: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="photolab-e2e-"))
        self.data = self.folder / "data"
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        inherited = {name: value for name, value in os.environ.items() if not name.startswith((*FOREIGN, "PHOTOLAB_"))}
        self.env = {**inherited, "PHOTOLAB_DATA": str(self.data), "PORT": str(self.port), **environment}
        self.supervisor: subprocess.Popen[bytes] | None = None
        self.output_path = self.folder / "output.txt"

    def start(self) -> float:
        """Seconds until the address was told."""
        began = time.monotonic()
        with self.output_path.open("wb") as output:
            self.supervisor = subprocess.Popen(
                COMMAND, cwd=settings.BASE_DIR, env=self.env, stdout=output, stderr=subprocess.STDOUT
            )
        try:
            wait_until(lambda: "Ready at" in self.output() or self.supervisor.poll() is not None, within_s=60)
            assert self.supervisor.poll() is None, self.output()
        except AssertionError:
            self.close()
            raise
        return time.monotonic() - began

    def stop(self, number: int = signal.SIGINT) -> float:
        """Seconds until the supervisor had ended."""
        began = time.monotonic()
        self.supervisor.send_signal(number)
        self.supervisor.wait(timeout=30)
        return time.monotonic() - began

    def close(self) -> None:
        if self.supervisor is not None and self.supervisor.poll() is None:
            self.stop(signal.SIGTERM)
        shutil.rmtree(self.folder, ignore_errors=True)

    def try_to_start(self, **environment: str) -> subprocess.CompletedProcess[str]:
        """A start that is expected to be refused."""
        return subprocess.run(
            COMMAND,
            cwd=settings.BASE_DIR,
            env={**self.env, **environment},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    def shell(self, code: str) -> None:
        """Run Python beside the running site, with its settings."""
        command = [sys.executable, "manage.py", "shell", "-v", "0", "-c", code]
        subprocess.run(command, cwd=settings.BASE_DIR, env=self.env, check=True, capture_output=True, timeout=60)

    def output(self) -> str:
        return self.output_path.read_text()

    def log(self, name: str) -> str:
        return (self.data / "logs" / f"{name}.log").read_text()

    def pid(self, name: str) -> int:
        rows = json.loads((self.data / "run.json").read_text())
        return next(row["pid"] for row in rows if row["name"] == name)

    def pool_child(self) -> int:
        """The worker's process that colors."""
        main = self.pid("worker")
        return next(pid for pid, parent in running_processes().items() if parent == main)

    def family(self) -> set[int]:
        """The supervisor and everything that descends from it."""
        parents = running_processes()
        family = {self.supervisor.pid}
        while more := {pid for pid, parent in parents.items() if parent in family} - family:
            family |= more
        return family

    def rows(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """What the database says, read beside the running site."""
        connection = sqlite3.connect(self.data / "db.sqlite3", timeout=10)
        try:
            return connection.execute(query, parameters).fetchall()
        finally:
            connection.close()

    def job(self, job_id: int) -> tuple[str, int]:
        """State and attempt."""
        return self.rows("SELECT status, attempt FROM gallery_job WHERE id = ?", job_id)[0]


def running_processes() -> dict[int, int]:
    """Process to parent; those that have ended and only wait to be collected do not count."""
    listing = subprocess.run(
        ["ps", "-A", "-o", "pid=", "-o", "ppid=", "-o", "stat="], capture_output=True, text=True, check=True
    ).stdout
    rows = [line.split() for line in listing.splitlines()]
    return {int(pid): int(parent) for pid, parent, state in rows if not state.startswith("Z")}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(condition: Callable[[], Any], *, within_s: float, every_s: float = 0.05) -> Any:
    """What the condition answered; an AssertionError when it never held."""
    deadline = time.monotonic() + within_s
    while True:
        if answer := condition():
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"it did not come true within {within_s:g} s")
        time.sleep(every_s)
