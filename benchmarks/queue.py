"""What the queue costs and whom it makes wait: `PHOTOLAB_DATA=NEW_FOLDER python -m benchmarks.queue`.

Nothing is colored: what is measured is the product's own work, in rows of a real database (DATABASE_URL takes another
than SQLite) and by a real broker. One account has `--many` photographs waiting when another orders a single one; then
jobs are ordered, rung, claimed and finished one by one.
"""

import argparse
import logging
import os
import statistics
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import django
from django.conf import settings
from django.core.management import call_command

from photolab_site.broker import EmbeddedBroker

ROUNDS = 300


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--many", type=int, nargs="+", default=[0, 5000, 100_000])
    options = parser.parse_args()
    if not os.environ.get("PHOTOLAB_DATA"):
        parser.error("name a new folder in PHOTOLAB_DATA: rows are made and deleted")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "photolab_site.settings")
    broker = EmbeddedBroker.in_folder(Path(os.environ["PHOTOLAB_DATA"]).resolve() / "valkey")
    server = subprocess.Popen(broker.argv, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    server.stdin.write(broker.configuration)
    server.stdin.close()
    try:
        django.setup()
        logging.disable(logging.INFO)  # a line for each job
        call_command("migrate", verbosity=0)
        print(f"{settings.DATABASES['default']['ENGINE'].rpartition('.')[2]}, median ms of {ROUNDS}")
        for many in options.many:
            _measure(many)
    finally:
        server.kill()


def _measure(many: int) -> None:
    from gallery import queue, services
    from gallery.models import Job

    rich, other, worker = _account("rich"), _account("other"), uuid4()
    services.register_worker(services.WorkerFacts(id=worker, name="benchmark:1", queue="colorize", device="cpu"))
    _order(rich, many)
    for _ in range(min(many, 10)):  # under way already
        services.claim_next(worker)
    single = _order(other, 1)[0]
    before = 0
    while services.claim_next(worker).job_id != single.pk:
        before += 1
    behind = Job.objects.in_line().count()
    print(f"\n{many:>7} of one account: another's single one waits for {before}, {behind} are behind it")
    took: dict[str, list[float]] = {name: [] for name in ("order", "ring", "claim", "finish")}
    for _ in range(ROUNDS):
        _timed(took["order"], lambda: _order(other, 1))
        _timed(took["ring"], queue.ring)
        claim = _timed(took["claim"], lambda: services.claim_next(worker))
        _timed(took["finish"], lambda: services.finish(claim, _stored(claim)))  # noqa: B023  called at once
    figures = {name: statistics.median(times) for name, times in took.items()}
    print("   ".join(f"{name} {ms:.2f}" for name, ms in figures.items()), f"  in all {sum(figures.values()):.2f}")
    rich.delete()
    other.delete()


def _timed(times: list[float], act: Callable[[], object]) -> object:
    began = time.perf_counter()
    answer = act()
    times.append((time.perf_counter() - began) * 1000)
    return answer


def _account(name: str) -> object:
    from django.contrib.auth import get_user_model

    return get_user_model().objects.create(username=f"{name}-{uuid4().hex[:8]}")


def _order(owner: object, count: int) -> list:
    """Rows as an upload makes them, without its files."""
    from django.db import transaction

    from gallery.models import Job, Photo
    from gallery.services.turns import line_up

    facts = {"format": "JPEG", "width": 640, "height": 480, "byte_size": 1, "has_color": False}
    with transaction.atomic():
        made = [Photo(owner=owner, file_name="scan.jpg", digest=uuid4().hex * 2, **facts) for _ in range(count)]
        photos = Photo.objects.bulk_create(made, batch_size=1000)
        return Job.objects.bulk_create(line_up(Job(photo=photo) for photo in photos), batch_size=1000)


def _stored(claim: object) -> object:
    from gallery.keys import new_result_keys
    from gallery.services import ColoredFiles

    keys = new_result_keys(claim.job_id, claim.attempt, "jpg")
    names = {"image_key": keys.image, "preview_key": keys.preview, "thumb_key": keys.thumb, "format": "JPEG"}
    return ColoredFiles(**names, width=640, height=480, byte_size=1, model_name="benchmark", model_digest="0" * 64)


if __name__ == "__main__":
    main()
