"""What this process counts and measures for Prometheus. The heart tells it with each beat, and
gallery.metrics passes it on.

Counters only grow, so they are as good to have in a module as loggers are.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from time import perf_counter
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector

BUCKETS_S = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 15.0, 60.0, 300.0)

REGISTRY = CollectorRegistry()
ProcessCollector(namespace="photolab_worker", registry=REGISTRY)
STAGE = Histogram(
    "photolab_stage_seconds",
    "Each stage of a job that was done; `wait` is from the order to the claim.",
    ["stage"],
    buckets=BUCKETS_S,
    registry=REGISTRY,
)
JOBS = Counter("photolab_worker_jobs", "Jobs by what became of them here.", ["outcome", "cause"], registry=REGISTRY)


class Stages:
    """The seconds that one job spends in each of its stages."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def of(self, name: str) -> Iterator[None]:
        began = perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = round(self.seconds.get(name, 0.0) + perf_counter() - began, 4)


def tell_done(waited_s: float, stage_s: Mapping[str, float]) -> None:
    JOBS.labels("done", "").inc()
    for stage, took_s in {"wait": waited_s, **stage_s}.items():
        STAGE.labels(stage).observe(took_s)


def told() -> list[dict[str, Any]]:
    """As Worker.samples keeps it: families with name, help, type, and samples of [name, labels, value]."""
    return [
        {
            "name": family.name,
            "help": family.documentation,
            "type": family.type,
            "samples": [
                [sample.name, sample.labels, sample.value]
                for sample in family.samples
                if not sample.name.endswith("_created")
            ],
        }
        for family in REGISTRY.collect()
    ]
