"""A zip of many photographs: `PHOTOLAB_DATA=FOLDER python -m benchmarks.zip_download URL --pid PID`.

FOLDER is the data folder of the running site, on local storage, and PID its web process, whose memory is read from
/proc (Linux) while the zip is fetched. The files are of 12 megapixels and the same few under many names, so they come
from the system's cache: what is measured is the site, not the disk.
"""

import argparse
import os
import time

import django

from benchmarks.site import Visitor, rss_mb

LONG_SIDE = 4000
CHUNK_BYTES = 1024 * 1024
LOOK_EVERY = 16  # chunks


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--pid", type=int, required=True)
    parser.add_argument("--photos", type=int, default=200)
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "photolab_site.settings")
    django.setup()
    from benchmarks.many_photos import seed  # rows can be named only after setup()

    visitor = Visitor(options.url)
    seed(visitor.name, options.photos, side=LONG_SIDE)
    album = visitor.api("/albums", {"title": "Everything"})["id"]
    visitor.api(f"/albums/{album}/photos", {"photos": _all_ids(visitor)})
    for _ in range(2):  # the first request of its kind loads code
        _fetch(visitor, f"/albums/{album}/download/?what=both", options.pid)


def _all_ids(visitor: Visitor) -> list[int]:
    ids: list[int] = []
    cursor = ""
    while cursor is not None:
        page = visitor.api(f"/photos?before={cursor}")
        ids += [photo["id"] for photo in page["photos"]]
        cursor = page["next"]
    return ids


def _fetch(visitor: Visitor, address: str, pid: int) -> None:
    before = peak = rss_mb(pid)
    began, first, size = time.perf_counter(), 0.0, 0
    with visitor.open(address) as answer:
        announced = int(answer.headers["Content-Length"])
        for number, chunk in enumerate(iter(lambda: answer.read(CHUNK_BYTES), b"")):
            first = first or time.perf_counter() - began
            size += len(chunk)
            if number % LOOK_EVERY == 0:
                peak = max(peak, rss_mb(pid))
    took = time.perf_counter() - began
    assert size == announced
    print(
        f"{size / 1e6:.0f} MB in {took:.1f} s ({size / 1e6 / took:.0f} MB/s), the first byte after {first:.2f} s; "
        f"web process {before:.0f} MB before, {peak:.0f} MB at most, {rss_mb(pid):.0f} MB after"
    )


if __name__ == "__main__":
    main()
