"""Child processes of the supervisor: started so that none outlives it, watched, restarted, ended.

What the processes are and when they run is run.py's matter; nothing here knows of Django.
"""

import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

LOG_LIMIT_BYTES = 5 * 1024 * 1024
LONGEST_PAUSE_S = 30.0
STEADY_AFTER_S = 30.0
PR_SET_PDEATHSIG = 1

_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


@dataclass
class Child:
    """One program that must be running; `stdout_to_terminal` is for what a person has to see."""

    name: str
    argv: list[str]
    cwd: Path
    env: Mapping[str, str]
    log_path: Path
    stdin: bytes = b""
    stdout_to_terminal: bool = False
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    started_at: float = field(default=0.0, init=False)
    restart_at: float = field(default=0.0, init=False)
    failures: int = field(default=0, init=False)

    def start(self) -> None:
        """Start the program in a session of its own, so that Ctrl-C reaches the supervisor alone.

        Call it from the main thread only: Linux ends the child with the thread that started it.
        """
        _rotate(self.log_path)
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                self.argv,
                cwd=self.cwd,
                env=dict(self.env),
                stdin=subprocess.PIPE if self.stdin else subprocess.DEVNULL,
                stdout=None if self.stdout_to_terminal else log,
                stderr=log,
                start_new_session=True,
                preexec_fn=_die_with(os.getpid()),
            )
        self.started_at = time.time()
        if self.stdin and self.process.stdin:
            self.process.stdin.write(self.stdin)
            self.process.stdin.close()

    def look_after(self) -> str | None:
        """Start the program again when its pause is over; on its death answer what to tell."""
        if self.process is None:
            if time.time() >= self.restart_at:
                self.start()
            return None
        status = self.process.poll()
        if status is None:
            return None
        self.kill()
        if time.time() - self.started_at > STEADY_AFTER_S:
            self.failures = 0
        pause_s = min(LONGEST_PAUSE_S, 0.5 * 2**self.failures)
        self.failures += 1
        self.restart_at = time.time() + pause_s
        return (
            f"The {self.name} stopped ({_in_words(status)}); starting it again in {pause_s:g} s. "
            f"Its log: {self.log_path}"
        )

    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def terminate(self) -> None:
        """Ask the program itself to end: its own children are its own to end in order."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def kill(self) -> None:
        """End the whole process group, whatever is left of it."""
        if self.process is None:
            return
        _kill_group(self.process.pid)
        self.process.wait()
        self.process = None


def stop(children: Iterable[Child], *, grace_s: float, hurry: Callable[[], bool]) -> None:
    """Ask all to end, wait up to `grace_s` (not at all once `hurry()`), then kill what is left."""
    remaining = list(children)
    for child in remaining:
        child.terminate()
    deadline = time.monotonic() + grace_s
    while any(child.is_running() for child in remaining):
        if hurry() or time.monotonic() > deadline:
            break
        time.sleep(0.05)
    for child in remaining:
        child.kill()


def record(children: Iterable[Child], path: Path) -> None:
    """Write down who runs, for the start after a supervisor that was killed."""
    rows = [
        {"name": child.name, "pid": child.process.pid, "started_at": child.started_at}
        for child in children
        if child.process is not None
    ]
    temporary = path.with_suffix(".part")
    temporary.write_text(json.dumps(rows))
    os.replace(temporary, path)


def end_leftovers(path: Path) -> int:
    """Kill recorded processes that outlived their supervisor (macOS cannot bind them to it)."""
    try:
        rows = json.loads(path.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return 0
    ended = 0
    for row in rows:
        born_at = _born_at(row["pid"])
        if born_at is not None and abs(born_at - row["started_at"]) <= 2:
            _kill_group(row["pid"])
            _wait_for_end(row["pid"])
            ended += 1
    path.unlink(missing_ok=True)
    return ended


def _born_at(pid: int) -> float | None:
    """When the process started, by `ps`, so that a number used again is not mistaken for ours."""
    command = ["ps", "-o", "stat=", "-o", "lstart=", "-p", str(pid)]
    try:
        answer = subprocess.run(
            command, env={**os.environ, "LC_ALL": "C"}, capture_output=True, text=True, check=False
        ).stdout.split(maxsplit=1)
    except FileNotFoundError:
        return None
    if not answer or answer[0].startswith("Z"):
        return None
    return time.mktime(time.strptime(answer[1].strip(), "%a %b %d %H:%M:%S %Y"))


def empty(folder: Path) -> None:
    """Remove the temporary files of processes that were killed. Only for who holds the data folder's lock."""
    for left in folder.glob("*"):
        if left.is_dir() and not left.is_symlink():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)


def _wait_for_end(pid: int) -> None:
    """What was killed lets go of its port and its files a moment later."""
    deadline = time.monotonic() + 2
    while _born_at(pid) is not None and time.monotonic() < deadline:
        time.sleep(0.05)


def _kill_group(leader: int) -> None:
    try:
        os.killpg(leader, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass  # nobody is left; macOS says "not permitted" of a group of zombies


def _die_with(parent: int) -> Callable[[], None] | None:
    """What the child does before its program: tie its life to the supervisor's (Linux only)."""
    if _libc is None:
        return None

    def tie() -> None:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)

    return tie


def _rotate(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > LOG_LIMIT_BYTES:
        os.replace(path, path.with_suffix(".log.1"))


def _in_words(status: int) -> str:
    return f"ended by signal {-status}" if status < 0 else f"exit status {status}"
