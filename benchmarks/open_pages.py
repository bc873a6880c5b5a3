"""What 200 open gallery pages cost the web process: `python -m benchmarks.open_pages URL --pid PID`.

Opens the live-update streams of one account, lets them idle, then uploads a photograph and measures how soon
the streams hear of it. PID is the web process; its processor time is read from /proc (Linux).
"""

import argparse
import asyncio
import io
import os
import secrets
import statistics
import time
from pathlib import Path
from urllib.parse import urlsplit

from PIL import Image

from benchmarks.site import Visitor, rss_mb


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--pid", type=int, required=True)
    parser.add_argument("--pages", type=int, default=200)
    parser.add_argument("--idle-s", type=float, default=30.0)
    options = parser.parse_args()
    asyncio.run(_measure(Visitor(options.url), options.pid, options.pages, options.idle_s))


async def _measure(visitor: Visitor, pid: int, pages: int, idle_s: float) -> None:
    address = urlsplit(visitor.url)
    streams = [await asyncio.open_connection(address.hostname, address.port or 80) for _ in range(pages)]
    request = (
        f"GET /photos/events/ HTTP/1.1\r\nHost: {address.netloc}\r\nCookie: {visitor.cookies}\r\n"
        "Accept: text/event-stream\r\n\r\n"
    )
    for _, writer in streams:
        writer.write(request.encode())
    await asyncio.sleep(3)
    cpu, began = _cpu_s(pid), time.monotonic()
    await asyncio.sleep(idle_s)
    share = (_cpu_s(pid) - cpu) / (time.monotonic() - began)
    print(f"{pages} open pages, idle: {share:.1%} of a core, {rss_mb(pid):.0f} MB resident")
    heard = [asyncio.create_task(_hear(reader)) for reader, _ in streams]
    await asyncio.sleep(1)
    blob = io.BytesIO()
    Image.frombytes("L", (64, 64), secrets.token_bytes(64 * 64)).save(blob, "PNG")
    await asyncio.to_thread(visitor.upload, "open-pages.png", blob.getvalue())
    answered = time.monotonic()
    waits = [moment - answered for moment in await asyncio.gather(*heard)]
    print(f"heard after the upload's answer: median {statistics.median(waits):.2f} s, last {max(waits):.2f} s")
    for _, writer in streams:
        writer.close()


async def _hear(reader: asyncio.StreamReader) -> float:
    while b"event: photos" not in await asyncio.wait_for(reader.readline(), 20):
        pass
    return time.monotonic()


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
