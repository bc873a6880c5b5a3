"""How soon an editor sees what it asks for: `python -m benchmarks.preview URL PHOTO [--count 20]`.

On a running site, by the clock of who asks: a preview after a slider was moved (the network's answer is known), after
a color was told (it is not), the same beside a queue of jobs, and a full job of the same photograph.
"""

import argparse
import json
import random
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.site import Visitor

JOBS_BESIDE = 8


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url")
    parser.add_argument("photo", type=Path)
    parser.add_argument("--count", type=int, default=20)
    options = parser.parse_args()
    visitor = Visitor(options.url)
    uploaded = visitor.upload(options.photo.name, options.photo.read_bytes())
    visitor.wait_for(uploaded["job"]["id"])
    told = visitor.api(f"/photos/{uploaded['id']}")
    page = f"/photos/{uploaded['id']}"
    draw = random.Random(1)

    def slider(_: int) -> None:
        visitor.ask_page(f"{page}/previews/", {"vividness": round(draw.uniform(0.5, 1.5), 2)})

    def hint(_: int) -> None:
        place = {"x": draw.uniform(0, told["width"]), "y": draw.uniform(0, told["height"]), "radius": 20}
        visitor.ask_page(f"{page}/previews/", {"hints": [{**place, "color": f"#{draw.randrange(1 << 24):06x}"}]})

    def job(number: int) -> None:
        visitor.wait_for(order(number))

    def order(number: int) -> int:
        settings = {"vividness": 1 + number / 100, "warmth": 0.01 * draw.randrange(100)}
        return json.loads(visitor.ask_page(f"{page}/variants/", settings))["job_id"]

    slider(0)  # the photograph is read once
    report = {"slider": timed(slider, options.count), "hint": timed(hint, options.count)}
    report["full_job"] = timed(job, options.count)
    waiting = [order(number) for number in range(JOBS_BESIDE)]
    report["hint_beside_jobs"] = timed(hint, 3)
    for job_id in waiting:
        visitor.wait_for(job_id)
    print(json.dumps({"width": told["width"], "height": told["height"], **report}, indent=2))


def timed(do: Callable[[int], None], count: int) -> dict[str, Any]:
    """Median and worst in seconds."""
    taken = []
    for number in range(count):
        began = time.perf_counter()
        do(number)
        taken.append(time.perf_counter() - began)
    return {"count": count, "median_s": round(statistics.median(taken), 3), "worst_s": round(max(taken), 3)}


if __name__ == "__main__":
    main()
