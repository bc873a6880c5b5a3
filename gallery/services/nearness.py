"""Of pictures that are nearly the same one teaches, and none once staff have ruled one of them out.

What is set aside for another picture names it in its reason. When that one is gone, or decided on since, upkeep looks
again; what was set aside for a picture that staff ruled out stays so when that one is gone.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import islice

from django.db import transaction
from django.db.models import QuerySet

from gallery.admission import NEAR, are_near
from gallery.models import Admission, CollectedImage
from gallery.services import consent

THERE = f"{NEAR} picture is there already (picture %d)."
RULED_OUT = f"{NEAR} picture was ruled out by those who run this site (picture %d)."
NUMBER = re.compile(r"\(picture (\d+)\)\.$")


def why_near(image: CollectedImage) -> str:
    """Empty: nothing is like it. Inside a transaction that has locked its account, so that of two one comes first.

    All others are compared, one by one: some milliseconds for 10,000.
    """
    others = CollectedImage.objects.exclude(status=Admission.SET_ASIDE).exclude(phash="").exclude(pk=image.pk)
    # The oldest of each status comes last, and stays.
    facts = others.order_by("-pk").values_list("pk", "status", "phash")
    near = {status: number for number, status, phash in facts if are_near(image.phash, phash)}
    if Admission.EXCLUDED in near:
        return RULED_OUT % near[Admission.EXCLUDED]
    return THERE % near[Admission.INCLUDED] if near else ""


def look_again_at_copies(*, at_most: int) -> int:
    """How many were set aside for another picture and are included now."""
    return sum(_look_again(number, owner_id) for number, owner_id in islice(_outdated(), at_most))


def rule_out_copies(numbers: Iterable[int]) -> None:
    """Inside the transaction that rules these pictures out: so is what was set aside for one of them."""
    reasons = {THERE % number: RULED_OUT % number for number in numbers}
    for copy in _copies().filter(reason__in=list(reasons)):
        _copies().filter(pk=copy.pk).update(reason=reasons[copy.reason])


def _copies() -> QuerySet[CollectedImage]:
    return CollectedImage.objects.filter(status=Admission.SET_ASIDE, reason__startswith=NEAR)


def _outdated() -> Iterator[tuple[int, int]]:
    """Number and owner of those whose reason does not hold any more, the oldest first."""
    copies = list(_copies().order_by("pk").values_list("pk", "owner_id", "reason"))
    others = {pk: int(NUMBER.search(reason)[1]) for pk, _, reason in copies}
    decided = CollectedImage.objects.exclude(status=Admission.SET_ASIDE).filter(pk__in=set(others.values()))
    statuses = dict(decided.values_list("pk", "status"))
    for pk, owner_id, reason in copies:
        is_ruled_out = reason == RULED_OUT % others[pk]
        holds_by = (Admission.EXCLUDED, None) if is_ruled_out else (Admission.INCLUDED,)
        if statuses.get(others[pk]) not in holds_by:
            yield pk, owner_id


def _look_again(number: int, owner_id: int) -> bool:
    with transaction.atomic():
        if not consent.lock_account(owner_id):
            return False
        copy = _copies().select_for_update().filter(pk=number).first()
        if copy is None:  # withdrawn, or decided on, meanwhile
            return False
        copy.reason = why_near(copy)
        copy.status = Admission.SET_ASIDE if copy.reason else Admission.INCLUDED
        copy.save(update_fields=["reason", "status"])
    return copy.status == Admission.INCLUDED
