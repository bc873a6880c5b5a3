"""The site under load: `python -m benchmarks.load --json FILE`.

A fleet of its own, by docker-compose.yml's commands and environment: PostgreSQL with 100,000 photographs, half of
them of one account, one web process, one worker. Users ask one thing after another, without a pause, and share the
machine with the site, so a site that has the machine for itself answers sooner.
"""

import argparse
import asyncio
import io
import json
import logging
import os
import random
import statistics
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import django
import httpx
from PIL import Image

USERS = (1, 10, 50)
SECONDS = 6.0
BURST_AT_ONCE = 50
PATIENT = httpx.Timeout(120)

Member = dict[str, Any]
Ask = Callable[[httpx.AsyncClient, Member], Awaitable[httpx.Response]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=100_000)
    parser.add_argument("--burst", type=int, default=1000)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    from tests.fleet.fleet import Fleet  # reads settings

    with Fleet(workers=1, upkeeps=1, in_bucket=False) as fleet:
        gather = f"gather({options.photos}, of_one={options.photos // 2}, accounts=50)"
        members = fleet.inside(f"from benchmarks.crowd import gather; answer = {gather}")
        fleet.postgres.query("VACUUM ANALYZE")
        figures = {"photographs": options.photos, "asked": asyncio.run(measure(fleet.url, members))}
        figures["burst"] = asyncio.run(burst(fleet, members, options.burst))
        print(json.dumps(figures["burst"], indent=1))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n")


async def measure(url: str, members: list[Member]) -> dict[str, dict[str, dict[str, float]]]:
    """By what is asked and the number of users: p50 and p95 in ms, answers a second."""
    one, others = members[:1], members[1:]
    rows: dict[str, dict[str, dict[str, float]]] = {}
    for name, asked_by, ask in (
        ("gallery of the largest account", one, page("/photos/")),
        ("gallery of a small account", others, page("/photos/")),
        ("further down in the largest", one, page("/photos/?before={middle}")),
        ("search in the largest", one, page("/photos/?q=farm+1")),
        ("a photograph's page", others, page("/photos/{photo}/")),
        ("a photograph's state", others, page("/photos/{photo}/status/")),
        ("a job's state by the API", others, call("/api/v1/jobs/{job}")),
        ("upload by the API", others, upload),
    ):
        rows[name] = {}
        for users in USERS:
            told = await crowd(url, asked_by, users, ask)
            rows[name][str(users)] = told
            print(
                f"{name}, {users} at once: " + ", ".join(f"{key} {value:g}" for key, value in told.items()), flush=True
            )
    return rows


async def crowd(url: str, members: list[Member], users: int, ask: Ask) -> dict[str, float]:
    """Raises httpx.HTTPStatusError for an answer that is no success, but for 503, which is counted."""
    times: list[float] = []
    busy = 0
    ends_at = time.monotonic() + SECONDS

    async def one_after_another(client: httpx.AsyncClient, number: int) -> None:
        nonlocal busy
        while time.monotonic() < ends_at:
            began = time.perf_counter()
            answer = await ask(client, members[number % len(members)])
            times.append(1000 * (time.perf_counter() - began))
            busy += answer.status_code == 503
            if answer.status_code != 503:
                answer.raise_for_status()

    began = time.monotonic()
    async with httpx.AsyncClient(base_url=url, timeout=PATIENT, limits=httpx.Limits(max_connections=users)) as client:
        await asyncio.gather(*(one_after_another(client, number) for number in range(users)))
    took_s = time.monotonic() - began
    p50, p95 = statistics.median(times), sorted(times)[int(0.95 * (len(times) - 1))]
    return {"p50_ms": round(p50), "p95_ms": round(p95), "per_s": round(len(times) / took_s, 1), "busy": busy}


def page(address: str) -> Ask:
    async def ask(client: httpx.AsyncClient, member: Member) -> httpx.Response:
        return await client.get(address.format(**member), headers={"Cookie": member["cookie"]})

    return ask


def call(address: str) -> Ask:
    async def ask(client: httpx.AsyncClient, member: Member) -> httpx.Response:
        return await client.get(address.format(**member), headers=permit(member))

    return ask


async def upload(client: httpx.AsyncClient, member: Member) -> httpx.Response:
    return await client.post("/api/v1/photos", files={"file": ("scan.jpg", photograph())}, headers=permit(member))


def permit(member: Member) -> dict[str, str]:
    return {"Authorization": f"Bearer {member['token']}"}


def photograph() -> bytes:
    """No two are the same."""
    blob = io.BytesIO()
    Image.frombytes("L", (48, 32), random.randbytes(48 * 32)).resize((480, 320)).save(blob, "JPEG", quality=85)
    return blob.getvalue()


async def burst(fleet: Any, members: list[Member], count: int) -> dict[str, Any]:
    """One account sends half of it at once, nine others the rest; whoever is told to come again does so."""
    chosen = members[:10]
    first_job = fleet.postgres.query("SELECT max(id) FROM gallery_job")[0][0]
    waiting = [chosen[0]] * (count // 2) + [chosen[1 + number % 9] for number in range(count - count // 2)]
    random.Random(1).shuffle(waiting)
    sent_again = 0
    began = time.monotonic()

    async def send(client: httpx.AsyncClient) -> None:
        nonlocal sent_again
        while waiting:
            member = waiting.pop()
            answer = await upload(client, member)
            if answer.status_code in (429, 503):
                sent_again += 1
                waiting.append(member)
                await asyncio.sleep(float(answer.headers.get("Retry-After", 1)))
            else:
                answer.raise_for_status()

    limits = httpx.Limits(max_connections=BURST_AT_ONCE)
    async with httpx.AsyncClient(base_url=fleet.url, timeout=PATIENT, limits=limits) as client:
        await asyncio.gather(*(send(client) for _ in range(BURST_AT_ONCE)))
    accepted_s = time.monotonic() - began
    live = "SELECT count(*) FROM gallery_job WHERE status IN ('queued', 'running')"
    fleet.wait_until(lambda: fleet.postgres.query(live)[0][0] == 0, within_s=1800, every_s=1)
    return told_of_burst(fleet, first_job) | {
        "sent": count,
        "told to come again": sent_again,
        "all accepted after s": round(accepted_s, 1),
        "all in color after s": round(time.monotonic() - began, 1),
    }


def told_of_burst(fleet: Any, after_job: int) -> dict[str, Any]:
    """What became of the jobs, and how long those of the one account waited, and those of the others."""
    rows = fleet.postgres.query(
        "SELECT job.status, count(*), count(result.id) FROM gallery_job job "
        "LEFT JOIN gallery_result result ON result.job_id = job.id WHERE job.id > %s GROUP BY job.status",
        after_job,
    )
    waits = fleet.postgres.query(
        "SELECT owner.username = 'member-0', percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP "
        "(ORDER BY extract(epoch FROM job.claimed_at - job.queued_at)::float) "
        "FROM gallery_job job JOIN gallery_photo photo ON photo.id = job.photo_id "
        "JOIN auth_user owner ON owner.id = photo.owner_id WHERE job.id > %s GROUP BY 1",
        after_job,
    )
    names = {True: "who sent half", False: "the others"}
    return {
        "jobs": {status: {"count": count, "results": results} for status, count, results in rows},
        "waited s (median, 95 of 100)": {names[one]: [round(value, 1) for value in both] for one, both in waits},
    }


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "photolab_site.settings")
    django.setup()
    logging.getLogger("httpx").setLevel(logging.WARNING)
    main()
