"""A site of which nothing runs: a data folder, a database and a storage, for commands of manage.py."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Self

from django.conf import settings


class BareSite:
    """By default on SQLite and local files; `environment` names other servers."""

    def __init__(self, **environment: str) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="photolab-site-")
        self.data = Path(self._folder.name)
        nobody = f"redis+socket://{self.data}/nobody.sock"
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        self.environment = {**kept, "PHOTOLAB_DATA": str(self.data), "REDIS_URL": nobody, **environment}

    def __enter__(self) -> Self:
        self.manage("migrate", "--noinput")
        return self

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()

    def start(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "manage.py", *words],
            cwd=settings.BASE_DIR,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def manage(self, *words: str) -> str:
        """What a command printed."""
        process = self.start(*words)
        told = process.communicate()[0]
        assert process.returncode == 0, told
        return told

    def inside(self, code: str) -> Any:
        """Run Python with the site's settings; its variable `answer`, by way of JSON."""
        ending = "\nimport json; print('ANSWER', json.dumps(answer))"
        return json.loads(self.manage("shell", "-v", "0", "-c", code + ending).rpartition("ANSWER ")[2])
