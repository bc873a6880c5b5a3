"""The site as docker-compose.yml starts it, without Docker: the same commands and environment on this machine.

Only addresses differ. What stops is started again after a pause, as `restart: unless-stopped` does it; since nobody
else looks after the processes, a test waits by `Fleet.wait_until`.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import yaml
from django.conf import settings

from photolab_site import children
from photolab_site.children import Child
from tests.e2e.stack import FOREIGN, free_port, running_processes
from tests.fleet.servers import PostgreSQL, SeaweedFS, Started, Valkey, own_folder

STARTS_WITHIN_S = 120
SECRETS = {"SECRET_KEY": "of-no-use-" * 6, "POSTGRES_PASSWORD": "of-no-use"}
# No proxy stands before this fleet.
PLAIN_HTTP = {"PHOTOLAB_HTTPS": "0", "PHOTOLAB_PROXIES": "0"}
# ${NAME}, ${NAME:-default} and ${NAME:?what to say}
VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*)|:\?[^}]*)?\}")


class Fleet(Started):
    """Web, `workers` that color, `upkeeps`, and their servers. Keyword arguments stand for what is in .env."""

    def __init__(self, *, workers: int = 2, upkeeps: int = 2, in_bucket: bool = True, **env: str) -> None:
        """`in_bucket`: whether files are kept in the S3 server, or else in the data folder."""
        self.folder = own_folder("fleet")
        self.data = self.folder / "data"
        self.postgres, self.broker = PostgreSQL(), Valkey()
        self.bucket = SeaweedFS() if in_bucket else None
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        self.env = {**PLAIN_HTTP, "CSRF_TRUSTED_ORIGINS": self.url, **env}
        self.roles = {"web": "web"}
        self.roles |= {f"worker {number}": "worker" for number in range(1, workers + 1)}
        self.roles |= {f"upkeep {number}": "upkeep" for number in range(1, upkeeps + 1)}
        self.children: dict[str, Child] = {}
        self.stopped: set[str] = set()

    @property
    def servers(self) -> list[PostgreSQL | Valkey | SeaweedFS]:
        return [server for server in (self.postgres, self.broker, self.bucket) if server]

    def start(self) -> float:
        """Seconds until pages were answered and all workers had loaded their generator."""
        began = time.monotonic()
        for server in self.servers:
            server.start()
        self.manage("migrate", "--noinput", "--verbosity=0")
        for name, role in self.roles.items():
            self.children[name] = self._child(name, role)
            self.children[name].start()
        self.wait_until(self.is_ready, within_s=STARTS_WITHIN_S)
        return time.monotonic() - began

    def close(self) -> None:
        children.stop(self.children.values(), grace_s=5, hurry=lambda: False)
        for server in self.servers:
            server.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _child(self, name: str, role: str) -> Child:
        log = self.folder / "logs" / f"{name.replace(' ', '-')}.log"
        return Child(name, self.command(role, name), settings.BASE_DIR, self.environment(role), log)

    def command(self, service: str, name: str) -> list[str]:
        """What the container of a service runs, on this machine's Python and port."""
        told = services()[service]
        argv = told.get("command") or image_command(told["build"]["target"])
        here = {"python": sys.executable, "--host=0.0.0.0": "--host=127.0.0.1", "--port=8000": f"--port={self.port}"}
        return [here.get(word, word).replace("%h", name.replace(" ", "-")) for word in argv]

    def environment(self, service: str) -> dict[str, str]:
        """The service's own, with the addresses of this fleet's servers."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith((*FOREIGN, "PHOTOLAB_"))}
        told = services()[service]["environment"]
        values = {name: substituted(str(value), SECRETS | self.env) for name, value in told.items()}
        addresses = {"DATABASE_URL": self.postgres.url, "REDIS_URL": self.broker.url, "PORT": str(self.port)}
        bucket = self.bucket.environment if self.bucket else {"PHOTOLAB_S3_BUCKET": ""}
        fixed = {"PHOTOLAB_DATA": str(self.data), "DJANGO_SETTINGS_MODULE": "photolab_site.settings"}
        quiet = {"PYTHONUNBUFFERED": "1", "MALLOC_ARENA_MAX": "2"}
        return {**kept, **quiet, **values, **addresses, **bucket, **fixed, **self.env}

    def manage(self, *words: str) -> str:
        """What a command of manage.py printed."""
        command = [sys.executable, "manage.py", *words]
        told = subprocess.run(
            command, cwd=settings.BASE_DIR, env=self.environment("upkeep"), capture_output=True, text=True, check=False
        )
        assert told.returncode == 0, told.stdout + told.stderr
        return told.stdout

    def inside(self, code: str) -> Any:
        """Run Python with the fleet's settings; its variable `answer`, by way of JSON."""
        ending = "\nimport json; print('ANSWER', json.dumps(globals().get('answer')))"
        printed = self.manage("shell", "-v", "0", "-c", code + ending)
        return json.loads(printed.rpartition("ANSWER ")[2])

    def look_after(self) -> None:
        for name, child in self.children.items():
            if name not in self.stopped:
                child.look_after()

    def wait_until(self, condition: Callable[[], Any], *, within_s: float, every_s: float = 0.1) -> float:
        """Seconds until it held. An AssertionError, with what the logs end with, when it never did."""
        began = time.monotonic()
        while not condition():
            self.look_after()
            if time.monotonic() - began > within_s:
                raise AssertionError(f"it did not come true within {within_s:g} s\n{self.last_words()}")
            time.sleep(every_s)
        return time.monotonic() - began

    def is_ready(self) -> bool:
        if not self.is_answered():
            return False
        loaded = self.postgres.query(
            "SELECT count(*) FROM gallery_worker WHERE model_name <> '' AND beat_at > now() - interval '10 seconds'"
        )
        return loaded[0][0] >= len(self.names("worker"))

    def is_answered(self) -> bool:
        try:
            return httpx.get(f"{self.url}/healthz", timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    def names(self, role: str) -> list[str]:
        return [name for name, its_role in self.roles.items() if its_role == role]

    def stop(self, name: str) -> None:
        """End a process and leave it so; `resume` starts it."""
        self.stopped.add(name)
        self.children[name].kill()

    def resume(self, name: str) -> None:
        self.stopped.discard(name)

    def pool_child(self, worker: str) -> int | None:
        """The process that colors; None while there is none."""
        process = self.children[worker].process
        found = [pid for pid, parent in running_processes().items() if process and parent == process.pid]
        return found[0] if found else None

    def kill_pool_child(self, worker: str) -> bool:
        """As when memory runs out."""
        pid = self.pool_child(worker)
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
        return pid is not None

    def log(self, name: str) -> str:
        path = self.children[name].log_path
        return path.read_text(errors="replace") if path.exists() else ""

    def last_words(self) -> str:
        return "\n".join(f"--- {name}\n" + "\n".join(self.log(name).splitlines()[-8:]) for name in self.children)


def services() -> dict[str, Any]:
    """Of docker-compose.yml."""
    return yaml.safe_load((settings.BASE_DIR / "docker-compose.yml").read_text())["services"]


def substituted(text: str, values: dict[str, str]) -> str:
    """What Docker Compose makes of ${NAME:-default}."""
    return VARIABLE.sub(lambda found: values.get(found[1]) or found[2] or "", text)


def image_command(target: str) -> list[str]:
    """The last CMD of a stage of the Dockerfile."""
    text = Path(settings.BASE_DIR / "Dockerfile").read_text().replace("\\\n", " ")
    stage = re.search(rf"^FROM \S+ AS {target}$(.*?)(?=^FROM |\Z)", text, re.MULTILINE | re.DOTALL)
    assert stage, f"the Dockerfile has no stage {target}"
    return json.loads(re.findall(r"^CMD (\[.*\])$", stage[1], re.MULTILINE)[-1])
