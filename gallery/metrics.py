"""What Prometheus reads: this web process's own counts, what workers count, and what the rows say of queue and jobs.

Workers serve no addresses. What their processes count is in their rows, told with each beat, and any web process passes
it on with the worker's name. Rows tell the same to whoever asks, so any of several web processes may be read.
"""

from collections.abc import Iterator
from datetime import timedelta

from django.db.models import Count, DurationField, ExpressionWrapper, F, Max
from django.db.models.functions import Now
from prometheus_client import CollectorRegistry, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from gallery import services
from gallery.models import Job, JobState, Priority, RunState, TrainingRun, Worker
from gallery.models.state import LIVE_RUN_STATES, LIVE_STATES, Cause

JUST_NOW = timedelta(hours=1)
ENDED_STATES = [state for state in JobState if state not in LIVE_STATES]

REGISTRY = CollectorRegistry()
ProcessCollector(namespace="photolab_web", registry=REGISTRY)
REQUESTS = Histogram(
    "photolab_request_seconds",
    "From a request's arrival to its answer, or to where the answer begins to stream.",
    ["view", "method", "status"],
    registry=REGISTRY,
)


def as_text() -> bytes:
    """In the exposition format, version 0.0.4. Raises what the database raises."""
    return generate_latest(REGISTRY)


class RowsCollector(Collector):
    """Queue, ends of the last hour, workers, the active version and training runs, from the rows."""

    def describe(self) -> list[Metric]:
        return []  # asked for when it is registered, before there are tables

    def collect(self) -> Iterator[Metric]:
        yield from _queue()
        yield from _ends()
        yield from _workers()
        yield from _versions()
        yield from _counts_of_workers()


REGISTRY.register(RowsCollector())


def _queue() -> Iterator[Metric]:
    counts = Job.objects.live().order_by().values("status", "priority").annotate(count=Count("pk"))
    told = {(row["status"], row["priority"]): row["count"] for row in counts}
    jobs = GaugeMetricFamily("photolab_jobs", "Jobs that wait or run.", labels=["state", "priority"])
    for state in LIVE_STATES:
        for priority in Priority:
            jobs.add_metric([state.value, priority.name.lower()], told.get((state.value, priority.value), 0))
    yield jobs
    age = ExpressionWrapper(Max(Now() - F("queued_at")), output_field=DurationField())
    waiting = Job.objects.filter(status=JobState.QUEUED).order_by().values("priority").annotate(age=age)
    ages = {row["priority"]: row["age"].total_seconds() for row in waiting}
    oldest = GaugeMetricFamily(
        "photolab_oldest_queued_seconds", "Age of the oldest job that waits; 0 if none does.", labels=["priority"]
    )
    for priority in Priority:
        oldest.add_metric([priority.name.lower()], ages.get(priority.value, 0.0))
    yield oldest


def _ends() -> Iterator[Metric]:
    """Of the last hour, since rows go with their photographs, and what grows must not shrink."""
    ended = Job.objects.filter(changed_at__gte=Now() - JUST_NOW, ended_at__gte=Now() - JUST_NOW).order_by()
    states = dict(ended.values_list("status").annotate(count=Count("pk")))
    ends = GaugeMetricFamily("photolab_jobs_ended_last_hour", "Jobs that ended in the last hour.", labels=["state"])
    for state in ENDED_STATES:
        ends.add_metric([state.value], states.get(state.value, 0))
    yield ends
    causes = dict(ended.filter(status=JobState.FAILED).values_list("cause").annotate(count=Count("pk")))
    failed = GaugeMetricFamily("photolab_jobs_failed_last_hour", "Those that failed, by cause.", labels=["cause"])
    for cause in Cause:
        failed.add_metric([cause.value], causes.get(cause.value, 0))
    yield failed


def _workers() -> Iterator[Metric]:
    info = GaugeMetricFamily(
        "photolab_worker_up", "1 for each worker that beats.", labels=["worker", "queue", "device", "model", "version"]
    )
    done = GaugeMetricFamily("photolab_worker_jobs_done", "Jobs that it has done.", labels=["worker"])
    for worker in _newest_rows():
        number = "" if worker.model_number is None else str(worker.model_number)
        info.add_metric([worker.name, worker.queue, worker.device, worker.model_name, number], 1)
        done.add_metric([worker.name], worker.jobs_done)
    yield info
    yield done


def _versions() -> Iterator[Metric]:
    active = services.active_version()
    version = GaugeMetricFamily(
        "photolab_active_version", "The number of the version that is active; 0 if none is.", labels=["model"]
    )
    version.add_metric([active.name if active else ""], active.number if active else 0)
    yield version
    runs = GaugeMetricFamily("photolab_training_runs", "Training runs that wait or run.", labels=["state"])
    live = dict(
        TrainingRun.objects.filter(status__in=LIVE_RUN_STATES).order_by().values_list("status").annotate(Count("pk"))
    )
    for state in (RunState.QUEUED, RunState.RUNNING):
        runs.add_metric([state.value], live.get(state.value, 0))
    yield runs


def _counts_of_workers() -> Iterator[Metric]:
    """One family for each name, as the format wants it, whichever workers tell of it."""
    families: dict[str, Metric] = {}
    for worker in _newest_rows():
        for told in worker.samples:
            family = families.setdefault(told["name"], Metric(told["name"], told["help"], told["type"]))
            for name, labels, value in told["samples"]:
                family.add_sample(name, {**labels, "worker": worker.name}, value)
    yield from families.values()


def _newest_rows() -> list[Worker]:
    """One for each process: after a job that it could not settle, a process goes on as another worker."""
    rows = {worker.name: worker for worker in Worker.objects.live().order_by("beat_at")}
    return list(rows.values())
