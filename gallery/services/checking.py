"""Integrity checks: asking for one, claiming it, making it. The row is the truth; upkeep makes what waits."""

import logging
import time
from dataclasses import asdict, dataclass
from datetime import timedelta

from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, models, transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_noop

from gallery import files, integrity
from gallery.models import MAX_ATTEMPTS, CheckState, IntegrityCheck

logger = logging.getLogger(__name__)

TELL_EVERY_S = 2.0
SILENT_AFTER = timedelta(minutes=2)  # a file of some gigabytes takes its time
KEPT_CHECKS = 100
NO_STORAGE = gettext_noop("The storage does not answer, so nothing can be said. Try again when it does.")
STOPPED = gettext_noop("Upkeep stopped three times during this check, so it was given up.")


class ClaimLost(Exception):
    """Another upkeep has taken the check, since this one was silent."""


@dataclass(frozen=True)
class CheckClaim:
    check_id: int
    attempt: int
    reads_bytes: bool

    @property
    def row(self) -> models.QuerySet[IntegrityCheck]:
        return IntegrityCheck.objects.filter(pk=self.check_id, attempt=self.attempt)


def ask_for_check(by: AbstractBaseUser | None, *, reads_bytes: bool) -> IntegrityCheck | None:
    """None: one waits already."""
    try:
        with transaction.atomic():
            return IntegrityCheck.objects.create(asked_by=by, reads_bytes=reads_bytes)
    except IntegrityError:
        return None


def begin_check(*, reads_bytes: bool) -> CheckClaim | None:
    """For the command line, which makes it itself. None: one runs already."""
    try:
        with transaction.atomic():
            check = IntegrityCheck.objects.create(reads_bytes=reads_bytes, status=CheckState.RUNNING, attempt=1)
    except IntegrityError:
        return None
    return CheckClaim(check.pk, check.attempt, reads_bytes)


def claim_check() -> CheckClaim | None:
    """The oldest that waits, or one whose maker is silent. None: there is nothing to do, or another one runs."""
    claimable = Q(status=CheckState.WAITING) | Q(status=CheckState.RUNNING, changed_at__lt=Now() - SILENT_AFTER)
    for check in IntegrityCheck.objects.filter(claimable).order_by("pk"):
        row = IntegrityCheck.objects.filter(pk=check.pk, attempt=check.attempt)
        if check.attempt == MAX_ATTEMPTS:
            row.move(CheckState.FAILED, only_if=[CheckState.RUNNING], ended_at=Now(), error=STOPPED)
            continue
        try:
            with transaction.atomic():
                live = (CheckState.WAITING, CheckState.RUNNING)
                if row.move(CheckState.RUNNING, only_if=live, attempt=F("attempt") + 1):
                    return CheckClaim(check.pk, check.attempt + 1, check.reads_bytes)
        except IntegrityError:
            return None  # one runs
    return None


def make_check(claim: CheckClaim) -> bool:
    """False: somebody else has it now. Whatever is found stands in the row."""
    told_at = time.monotonic()

    def tell(found: integrity.Findings) -> None:
        nonlocal told_at
        if time.monotonic() - told_at < TELL_EVERY_S:
            return
        told_at = time.monotonic()
        progress = {name: getattr(found, name) for name in ("files_named", "files_read", "bytes_read")}
        if not claim.row.filter(status=CheckState.RUNNING).update(changed_at=Now(), **progress):
            raise ClaimLost

    try:
        found = integrity.find_problems(reads_bytes=claim.reads_bytes, tell=tell)
    except ClaimLost:
        return False
    except files.storage_errors():
        logger.exception("The integrity check %s could not be made", claim.check_id)
        return claim.row.move(CheckState.FAILED, only_if=[CheckState.RUNNING], ended_at=Now(), error=NO_STORAGE)
    made = claim.row.move(CheckState.DONE, only_if=[CheckState.RUNNING], ended_at=Now(), **asdict(found))
    kept = IntegrityCheck.objects.order_by("-pk").values("pk")[:KEPT_CHECKS]
    IntegrityCheck.objects.exclude(pk__in=list(kept.values_list("pk", flat=True))).delete()
    return made
