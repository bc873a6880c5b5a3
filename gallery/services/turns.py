"""Whose turn it is: jobs of one priority are numbered so that accounts take turns, however many each of them has.

A new job stands right behind the last one of its account that waits, or at the head of the line if none does. So five
thousand photographs of one account have five thousand turns, and another's single one shares the first of them. The
order is settled when jobs are made, so a place in the line can be told, and a claim reads one entry of an index.
"""

from collections.abc import Iterable

from gallery.models import Job, JobState, Priority


def line_up(jobs: Iterable[Job]) -> list[Job]:
    """Gives jobs that are not saved yet their turns. Inside the transaction that saves them."""
    lined = list(jobs)
    following: dict[tuple[int, int, bool], int] = {}
    for job in lined:
        line = (job.photo.owner_id, job.priority, job.settings_digest == "")
        job.turn = following[line] if line in following else _next_turn(*line)
        following[line] = job.turn + 1
    return lined


def _next_turn(owner_id: int, priority: Priority, is_usual: bool) -> int:
    """What somebody tells a photograph does not wait behind all of their own uploads: it is a line beside them."""
    waiting = Job.objects.filter(status=JobState.QUEUED, priority=priority)
    # A job given back keeps its turn, which is of the past: new ones do not go there.
    head = waiting.filter(attempt=0).order_by("turn").values_list("turn", flat=True).first() or 0
    told = waiting.filter(settings_digest="") if is_usual else waiting.exclude(settings_digest="")
    own = told.filter(photo__owner=owner_id).order_by("-turn").values_list("turn", flat=True).first()
    return head if own is None else max(head, own + 1)
