"""Memory of a worker over many jobs: `PHOTOLAB_DATA=NEW_FOLDER python -m benchmarks.worker_memory` (Linux).

The worker's task itself, in this process, on photographs of several shapes and sizes as they come: real files, real
rows, the real network. Printed is what the process holds after each hundredth of the jobs that follow a warm-up of
fifty; the last line has the straight line through it, in MB for a thousand jobs.
"""

import argparse
import io
import logging
import os
import random
import time
from uuid import uuid4

import django
import numpy as np
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from PIL import Image

WARM_UP = 50
SIZES = ((320, 240), (240, 320), (400, 400), (640, 427), (427, 640), (500, 280), (900, 600))
AT_ONCE = 50  # uploaded before as many are colored


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=2000)
    options = parser.parse_args()
    if not os.environ.get("PHOTOLAB_DATA"):
        parser.error("name a new folder in PHOTOLAB_DATA: photographs are uploaded and deleted")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "photolab_site.settings")
    django.setup()
    logging.disable(logging.WARNING)  # a line for each job, and no broker is there
    call_command("migrate", verbosity=0)
    _color(WARM_UP)
    held, began = [_held_mb()], time.perf_counter()
    each = max(1, options.jobs // 100)
    for start in range(0, options.jobs, each):
        _color(min(each, options.jobs - start))
        held.append(_held_mb())
    jobs = np.arange(len(held)) * each
    slope = np.polyfit(jobs, held, 1)[0] * 1000
    print(
        f"{options.jobs} jobs in {time.perf_counter() - began:.0f} s: {held[0]:.0f} MB at first, {held[-1]:.0f} MB at"
    )
    print(f"last, at most {max(held):.0f} MB; every tenth: {' '.join(f'{mb:.0f}' for mb in held[::10])}")
    print(f"{slope:+.1f} MB for a thousand jobs")


def _color(count: int) -> None:
    from django.contrib.auth import get_user_model

    from gallery import services
    from gallery.models import Job, JobState
    from worker import heartbeat, tasks

    owner = get_user_model().objects.get_or_create(username="benchmark")[0]
    for start in range(0, count, AT_ONCE):
        photos = [
            services.upload_photo(owner, SimpleUploadedFile("scan.jpg", _scan())).photo
            for _ in range(min(AT_ONCE, count - start))
        ]
        heartbeat.beat()  # the claims name the worker's row
        while Job.objects.live().exists():
            tasks.colorize()
        failed = Job.objects.exclude(status=JobState.DONE).count()
        if failed:
            raise SystemExit(f"{failed} jobs have failed")
        services.delete_photos([photo.pk for photo in photos])


def _scan() -> bytes:
    """A grey picture with something in it, and never the same bytes."""
    from skimage import data

    source = Image.fromarray(random.choice((data.astronaut(), data.coffee(), data.chelsea()))).convert("L")
    blob = io.BytesIO()
    source.resize(random.choice(SIZES)).save(blob, "JPEG", quality=90, comment=uuid4().bytes)
    return blob.getvalue()


def _held_mb() -> float:
    from worker.machine import held_memory

    return (held_memory() or 0) / 1e6


if __name__ == "__main__":
    main()
