"""What the page about the last day shows: uploads, jobs and their ends, how long they waited, and their stages.

Counted by the database hour by hour, from rows: what was deleted meanwhile is not in it.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Avg, Count, DurationField, ExpressionWrapper, F, FloatField, Max
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, TruncHour
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from gallery.bars import draw_bars, draw_lines
from gallery.models import Cause, Job, JobState, Photo, Result
from gallery.models.state import LIVE_STATES

HOURS = 24
# In their order; worker.colorizing measures them.
STAGES = {
    "fetch": _("Fetch the original"),
    "decode": _("Read it"),
    "color": _("Color it"),
    "encode": _("Lay colors over it and encode"),
    "store": _("Store"),
}


@dataclass(frozen=True)
class Stage:
    """Over all results of the day; `share` of all stages together is 0..1."""

    label: str
    mean_s: float
    share: float


@dataclass(frozen=True)
class Hour:
    """One row of the table below the charts; seconds are None where no job was claimed."""

    begins_at: datetime
    uploaded: int
    done: int
    failed: int
    cancelled: int
    waited_s: float | None
    longest_s: float | None


def describe_day(now: datetime | None = None) -> dict[str, Any]:
    """The hour that is under way, and the 23 before it; `now` is for tests."""
    hours = _hours(now or datetime.now(UTC))
    labels = [date_format(hour.begins_at, "H:i") for hour in hours]
    since = hours[0].begins_at
    ends = {state: [getattr(hour, state) for hour in hours] for state in ("done", "failed", "cancelled")}
    waits = {"waited": [hour.waited_s for hour in hours], "longest": [hour.longest_s for hour in hours]}
    return {
        "hours": list(reversed(hours)),
        "uploads_chart": draw_bars({"uploaded": [hour.uploaded for hour in hours]}, labels),
        "ends_chart": draw_bars(ends, labels),
        "waits_chart": draw_lines(waits, labels),
        "totals": {name: sum(getattr(hour, name) for hour in hours) for name in ("uploaded", *ends)},
        "stages": _stages(since),
        "causes": _causes(since),
    }


def _hours(now: datetime) -> list[Hour]:
    first = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=HOURS - 1)
    jobs = Job.objects.filter(changed_at__gte=first).order_by()  # whatever happened to it later: by its index
    uploads = _by_hour(Photo.objects.filter(uploaded_at__gte=first).order_by(), "uploaded_at", count=Count("pk"))
    ended = jobs.filter(ended_at__gte=first).exclude(status__in=LIVE_STATES).annotate(hour=TruncHour("ended_at"))
    ends = {
        (row["hour"], row["status"]): row["count"] for row in ended.values("hour", "status").annotate(count=Count("pk"))
    }
    wait = ExpressionWrapper(F("claimed_at") - F("queued_at"), output_field=DurationField())
    claimed = jobs.filter(claimed_at__gte=first).annotate(wait=wait)
    waits = _by_hour(claimed, "claimed_at", waited=Avg("wait"), longest=Max("wait"))
    return [
        Hour(
            begins_at=at,
            uploaded=uploads.get(at, {}).get("count", 0),
            done=ends.get((at, JobState.DONE), 0),
            failed=ends.get((at, JobState.FAILED), 0),
            cancelled=ends.get((at, JobState.CANCELLED), 0),
            waited_s=_seconds(waits.get(at, {}).get("waited")),
            longest_s=_seconds(waits.get(at, {}).get("longest")),
        )
        for at in (first + timedelta(hours=number) for number in range(HOURS))
    ]


def _by_hour(rows: Any, field: str, **wanted: Any) -> dict[datetime, dict[str, Any]]:
    counted = rows.annotate(hour=TruncHour(field)).values("hour").annotate(**wanted)
    return {row["hour"]: row for row in counted}


def _seconds(took: timedelta | None) -> float | None:
    return None if took is None else took.total_seconds()


def _stages(since: datetime) -> list[Stage]:
    wanted = {name: Avg(Cast(KeyTextTransform(name, "stage_s"), FloatField())) for name in STAGES}
    means = Result.objects.filter(job__changed_at__gte=since, created_at__gte=since).order_by().aggregate(**wanted)
    whole = sum(mean for mean in means.values() if mean) or 1.0
    return [Stage(str(STAGES[name]), mean, mean / whole) for name, mean in means.items() if mean is not None]


def _causes(since: datetime) -> list[tuple[str, str, int]]:
    """Cause, its name and how many failed of it; most first."""
    failed = Job.objects.filter(changed_at__gte=since, ended_at__gte=since, status=JobState.FAILED).order_by()
    counts = dict(failed.values_list("cause").annotate(count=Count("pk")))
    rows = [(cause.value, cause.label, counts[cause.value]) for cause in Cause if counts.get(cause.value)]
    return sorted(rows, key=lambda row: -row[2])
