"""The real servers that a fleet stands on, each in a folder of its own: PostgreSQL, Valkey and SeaweedFS.

They die with the process that started them, can be killed and started again, and are used alone, too:

    with PostgreSQL() as postgres, Valkey() as broker, SeaweedFS() as bucket:
        ...  # postgres.url, broker.url and bucket.environment are what the settings read
"""

import json
import os
import secrets
import shutil
import socket
import subprocess
import sysconfig
import tempfile
from pathlib import Path
from typing import Any, Self

import boto3
import psycopg
import redis
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from photolab_site.broker import EmbeddedBroker
from photolab_site.children import Child
from tests.e2e.stack import free_port, wait_until

READY_WITHIN_S = 30
WEED = shutil.which("weed", path=sysconfig.get_path("scripts"))
LAB = {"accessKey": "photolab", "secretKey": "a-secret-for-tests"}


class Started:
    """Runs inside `with`, and leaves nothing behind where its start fails."""

    def start(self) -> object:
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Server(Started):
    """One program in a folder of its own. `answers` says whether it takes orders."""

    folder: Path
    child: Child

    def answers(self) -> bool:
        raise NotImplementedError

    def start(self) -> None:
        self.child.start()
        wait_until(self._is_up, within_s=READY_WITHIN_S)

    def _is_up(self) -> bool:
        """What ends while it starts is started again: of one that was killed, something may still hold on."""
        self.child.look_after()
        return self.answers()

    def kill(self) -> None:
        """As a power cut would: nothing is said goodbye to."""
        self.child.kill()

    def close(self) -> None:
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _child(self, *argv: str, stdin: bytes = b"") -> Child:
        return Child(type(self).__name__, list(argv), self.folder, os.environ, self.folder / "log", stdin)


def own_folder(name: str) -> Path:
    return Path(tempfile.mkdtemp(prefix=f"photolab-{name}-"))


class PostgreSQL(Server):
    """Debian's own, run as the user postgres where we are root, since it refuses to be."""

    def __init__(self) -> None:
        self.folder, self.port = own_folder("postgres"), free_port()
        self.url = f"postgres://photolab@127.0.0.1:{self.port}/photolab"
        self._as_postgres = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--pdeathsig=KILL"]
        if os.getuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")
        else:
            self._as_postgres = []
        options = {"port": self.port, "listen_addresses": "127.0.0.1", "fsync": "off", "max_connections": 100}
        flags = [f"--{name}={value}" for name, value in options.items()]
        self.child = self._child(
            *self._as_postgres,
            str(postgres_program("postgres")),
            f"--unix_socket_directories={self.folder}",
            "-D",
            str(self.folder / "data"),
            *flags,
        )

    def move_clock_by(self, library: Path, offset: Path) -> None:
        """Before it starts: its clock is off by what stands in the file `offset`, such as +3600, by libfaketime."""
        faked = {"LD_PRELOAD": str(library), "FAKETIME_TIMESTAMP_FILE": str(offset), "FAKETIME_CACHE_DURATION": "1"}
        words = [f"{name}={value}" for name, value in (faked | {"FAKETIME_DONT_FAKE_MONOTONIC": "1"}).items()]
        # For the server alone: what root's setpriv leaves in shared memory, the user postgres may not open.
        place = len(self._as_postgres)
        self.child.argv[place:place] = ["env", *words]

    def start(self) -> None:
        first = not (self.folder / "data").exists()
        if first:
            initdb = [str(postgres_program("initdb")), "-D", str(self.folder / "data"), "--username=photolab"]
            flags = ["--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
            subprocess.run([*self._as_postgres, *initdb, *flags], cwd=self.folder, check=True, capture_output=True)
        super().start()
        if first:
            self.query("CREATE DATABASE photolab", database="postgres")

    def answers(self) -> bool:
        try:
            self.query("SELECT 1", database="postgres")
        except psycopg.OperationalError:
            return False
        return True

    def query(self, statement: str, *parameters: Any, database: str = "photolab") -> list[tuple[Any, ...]]:
        """Each in a connection of its own, so that none holds a server that is to go."""
        with psycopg.connect(self.url.rpartition("/")[0] + f"/{database}", autocommit=True, connect_timeout=2) as asked:
            answer = asked.execute(statement, parameters)
            return answer.fetchall() if answer.description else []


def postgres_program(name: str) -> Path:
    """The newest that is installed. Raises FileNotFoundError with what to install."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1]
    if on_path := shutil.which(name):
        return Path(on_path)
    raise FileNotFoundError("The fleet's tests need PostgreSQL: apt-get install postgresql")


class Valkey(Server):
    """A Redis server with an append-only file, reached over TCP as in docker-compose.yml."""

    def __init__(self) -> None:
        self.folder = own_folder("valkey")
        self._broker = EmbeddedBroker(self.folder, port=free_port(), password=secrets.token_urlsafe(12))
        self.url = self._broker.url
        self.child = self._child(*self._broker.argv, stdin=self._broker.configuration)

    def answers(self) -> bool:
        return self._broker.answers()

    def client(self) -> redis.Redis:
        return redis.Redis.from_url(self.url)


class SeaweedFS(Server):
    """A bucket called photos on a real S3 server. Further identities are for tests of rights."""

    def __init__(self, *identities: dict[str, Any]) -> None:
        self.folder = own_folder("s3")
        port, *others = free_ports(4)
        self.endpoint = f"http://127.0.0.1:{port}"
        lab = {"name": "lab", "credentials": [LAB], "actions": ["Admin", "Read", "Write", "List", "Tagging"]}
        config = self.folder / "s3.json"
        config.write_text(json.dumps({"identities": [lab, *identities]}))
        flags = [f"-dir={self.folder}", f"-s3.config={config}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"]
        flags += [f"-{name}.port={number}" for name, number in zip(("master", "volume", "filer"), others, strict=True)]
        flags += [f"-s3.port={port}", "-webdav=false", "-admin.ui=false", "-s3.port.iceberg=0", "-s3.port.lance=0"]
        self.child = self._child(str(WEED), "-logtostderr=true", "mini", *flags)

    @property
    def environment(self) -> dict[str, str]:
        """What the settings read."""
        return {
            "PHOTOLAB_S3_BUCKET": "photos",
            "PHOTOLAB_S3_ENDPOINT": self.endpoint,
            "PHOTOLAB_S3_ACCESS_KEY": LAB["accessKey"],
            "PHOTOLAB_S3_SECRET_KEY": LAB["secretKey"],
            "PHOTOLAB_S3_REGION": "us-east-1",
        }

    def answers(self) -> bool:
        """It is ready when it has made a bucket and taken a first file."""
        client = self.client()
        try:
            if not client.list_buckets()["Buckets"]:
                client.create_bucket(Bucket="photos")
            client.put_object(Bucket="photos", Key="first", Body=b"")
            client.delete_object(Bucket="photos", Key="first")
        except (BotoCoreError, ClientError):
            return False
        return True

    def client(self) -> Any:
        """boto3's, which gives up soon."""
        impatient = {"connect_timeout": 1, "read_timeout": 5, "retries": {"max_attempts": 0}}
        options = Config(**impatient, s3={"addressing_style": "path"})
        keys = {"aws_access_key_id": LAB["accessKey"], "aws_secret_access_key": LAB["secretKey"]}
        return boto3.client("s3", endpoint_url=self.endpoint, region_name="us-east-1", config=options, **keys)

    def names(self) -> set[str]:
        """Of all stored files."""
        pages = self.client().get_paginator("list_objects_v2").paginate(Bucket="photos")
        return {entry["Key"] for page in pages for entry in page.get("Contents", [])}


def free_ports(count: int) -> list[int]:
    """Ports below 55536 for SeaweedFS, which also takes each one's number plus 10000."""
    found: list[int] = []
    number = 20000 + os.getpid() % 5000
    while len(found) < count:
        number += 7
        if is_free(number) and is_free(number + 10000):
            found.append(number)
    return found


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0
