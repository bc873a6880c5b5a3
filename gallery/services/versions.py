"""What becomes of model versions: shipped, trained, promoted, rolled back, rejected, voted on."""

from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.db.models import Max, Q, QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext

from gallery.models import (
    ModelVersion,
    Photo,
    Result,
    Side,
    SnapshotEntry,
    TrainingRun,
    VersionEvent,
    VersionState,
    Vote,
)
from gallery.sentences import said

Action = VersionEvent.Action


class PromotionRefused(Exception):
    """str() is one plain sentence: why the version stays what it is, and what would help."""


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A version beside the one that was active then, its pictures stored. All is empty where the gate was not applied.

    `gate` is a list of {rule, candidate, active, passed} and whatever else colorizer.gate.Check tells; `passed` is None
    where a rule could not be applied. `metrics` are figures by set of photographs (holdout, golden), then by way to
    color (grey, active, candidate, truth), then by name; a figure may be None.
    `comparisons` is a list of {photograph, candidate_key, active_key, grey_key, candidate_error, active_error}, to be
    judged by eye: `photograph` is a name in the golden set, once each; the keys are JPEG pictures of one size, under
    names from keys.new_comparison_keys; the errors are mean CIEDE2000 from the truth, or None. A dozen is enough: the
    worst regressions, and some others. `compared_with` is the `pk` of the version that `active` stands for in both.
    """

    metrics: dict[str, Any] = field(default_factory=dict)
    gate: list[dict[str, Any]] = field(default_factory=list)
    comparisons: list[dict[str, Any]] = field(default_factory=list)
    compared_with: int | None = None  # ModelVersion.pk


@dataclass(frozen=True, kw_only=True)
class NewVersion(Judged):
    """What a training run has made and stored."""

    name: str
    digest: str
    weights_key: str
    card: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Votes:
    version: int
    against: int


def active_version() -> ModelVersion | None:
    """What workers color with; None before anybody has named the shipped weights."""
    return ModelVersion.objects.filter(status=VersionState.ACTIVE).first()


def versions_before(version: ModelVersion) -> list[ModelVersion]:
    """Other versions whose weights are kept and that were active once, the latest first."""
    others = ModelVersion.objects.exclude(pk=version.pk).filter(weights_removed_at=None)
    return list(others.filter(status=VersionState.RETIRED).order_by("-retired_at"))


def ensure_shipped_version(
    name: str, digest: str, *, weights_key: str = "", card: dict[str, Any] | None = None
) -> ModelVersion:
    """The row of the weights that came with the product, made at the first call for this digest.

    It is active at once if nothing is, or if other shipped weights are: that is an upgrade of the product. Beside a
    version that was trained here it is a candidate.
    """
    known = ModelVersion.objects.filter(digest=digest).first()
    if known is not None:
        return known
    try:
        with transaction.atomic():
            active = ModelVersion.objects.select_for_update().filter(status=VersionState.ACTIVE).first()
            shipped = ModelVersion.objects.create(
                number=_next_number(), name=name, digest=digest, weights_key=weights_key, card=card or {}
            )
            VersionEvent.objects.create(version=shipped, action=Action.SHIPPED)
            if active is None or active.run_id is None:
                _activate(shipped, active)
    except IntegrityError:  # several workers start at once
        return ModelVersion.objects.get(digest=digest)
    shipped.refresh_from_db()
    return shipped


def keep_shipped_weights(version: ModelVersion, weights_key: str) -> bool:
    """Where they are stored. False: another worker has stored them, and these are the caller's to delete."""
    unkept = ModelVersion.objects.filter(pk=version.pk, run=None, weights_key="")
    return unkept.update(weights_key=weights_key, changed_at=Now()) == 1


def add_trained_version(run: TrainingRun, new: NewVersion) -> ModelVersion:
    """Inside the transaction that ends the run."""
    version = ModelVersion.objects.create(
        number=_next_number(),
        name=new.name,
        digest=new.digest,
        weights_key=new.weights_key,
        metrics=new.metrics,
        gate=new.gate,
        comparisons=new.comparisons,
        compared_with_id=new.compared_with,
        card=new.card,
        parent=run.base_version,
        run=run,
    )
    VersionEvent.objects.create(version=version, action=Action.TRAINED, by=run.started_by, reason=run.note)
    return version


def is_gate_stale(version: ModelVersion, active: ModelVersion | None) -> bool:
    """Whether it was compared with another version than the one whose place it would take, or with none."""
    return active is not None and version.compared_with_id != active.pk


def why_not_promoted(version: ModelVersion, active: ModelVersion | None) -> str:
    """Why a reason would have to be typed, or why nothing helps; empty when one click is enough.

    What the gate says of a candidate holds beside the version that it was compared with, and no other.
    """
    if version.status == VersionState.ACTIVE:
        return gettext("This version is active already.")
    if version.status == VersionState.REJECTED:
        return gettext("This version was rejected.")
    if version.weights_removed_at is not None:
        return gettext("The weights of this version were removed; only the newest are kept.")
    if version.status == VersionState.RETIRED:
        return ""
    if version.gate and is_gate_stale(version, active):
        told = gettext(
            "The gate has compared this version with %(other)s, and %(active)s is active now. Let the gate compare it "
            "with that one. To promote it anyway, type a reason."
        )
        return told % {"other": version.compared_with or gettext("none that is known"), "active": active}
    if version.passed_gate:
        return ""
    if not version.failed_rules:
        return gettext("This version was never put to the gate. To promote it anyway, type a reason.")
    rules = "; ".join(said(rule["rule"]) for rule in version.failed_rules)
    return gettext("This version fails the gate: %(rules)s. To promote it anyway, type a reason.") % {"rules": rules}


def can_be_overridden(version: ModelVersion) -> bool:
    """Whether a typed reason is enough to promote what the gate has not let pass."""
    return version.status == VersionState.CANDIDATE and version.weights_removed_at is None


def promote_version(version_id: int, by: AbstractBaseUser | None, *, reason: str = "") -> ModelVersion:
    """Makes it the active one and retires the one before; a retired one is rolled back to. Raises PromotionRefused.

    Nothing is told to workers: each looks at the active version before its next job.
    """
    reason = reason.strip()
    try:
        with transaction.atomic():
            version = ModelVersion.objects.select_for_update().filter(pk=version_id).first()
            if version is None:
                raise PromotionRefused(gettext("There is no such version."))
            active = ModelVersion.objects.select_for_update().filter(status=VersionState.ACTIVE).first()
            why_not = why_not_promoted(version, active)
            if why_not and not (reason and can_be_overridden(version)):
                raise PromotionRefused(why_not)
            is_rollback = version.status == VersionState.RETIRED
            _activate(version, active)
            action = Action.ROLLED_BACK if is_rollback else Action.PROMOTED
            VersionEvent.objects.create(version=version, action=action, by=by, reason=reason)
    except IntegrityError as error:
        raise PromotionRefused(gettext("Another version was promoted at the same moment. Look again.")) from error
    version.refresh_from_db()
    return version


def reject_version(version_id: int, by: AbstractBaseUser | None, *, reason: str = "") -> bool:
    """False: it is no candidate."""
    with transaction.atomic():
        if not ModelVersion.objects.filter(pk=version_id).move(VersionState.REJECTED, only_if=[VersionState.CANDIDATE]):
            return False
        VersionEvent.objects.create(version_id=version_id, action=Action.REJECTED, by=by, reason=reason.strip())
    return True


def record_vote(version: ModelVersion, photograph: str, *, prefers_version: bool, by: AbstractBaseUser) -> Vote:
    """Against the version that it was shown beside. A second vote on the same photograph replaces the first."""
    if version.compared_with_id is None:
        raise ValueError("nothing was shown beside this version")
    vote, _ = Vote.objects.update_or_create(
        version=version,
        against_id=version.compared_with_id,
        photograph=photograph,
        by=by,
        defaults={"prefers_version": prefers_version, "at": Now()},
    )
    return vote


def count_votes(version: ModelVersion) -> Votes:
    """Those beside the version that it was compared with last."""
    cast = Vote.objects.filter(version=version, against=version.compared_with_id)
    votes = list(cast.values_list("prefers_version", flat=True))
    return Votes(version=votes.count(True), against=votes.count(False))


def versions_that_saw(digest: str) -> list[ModelVersion]:
    """Those that learned from the picture, and their descendants, which began where they ended. By number."""
    return _with_descendants(SnapshotEntry.objects.filter(digest=digest, side=Side.TRAIN))


def versions_that_learned_from(photos: QuerySet[Photo]) -> list[ModelVersion]:
    """The same for any of the photos, and for their results that were accepted once, withdrawn or not."""
    accepted = Result.objects.filter(job__photo__in=photos.order_by().values("pk")).exclude(digest="")
    digests = Q(digest__in=photos.order_by().values("digest")) | Q(digest__in=accepted.order_by().values("digest"))
    return _with_descendants(SnapshotEntry.objects.filter(digests, side=Side.TRAIN))


def _with_descendants(learned: QuerySet[SnapshotEntry]) -> list[ModelVersion]:
    runs = learned.order_by().values("run")
    seen = set(ModelVersion.objects.filter(run__in=runs).values_list("pk", flat=True))
    if not seen:
        return []
    versions = list(ModelVersion.objects.only("number", "name", "parent").order_by("number"))
    for version in versions:  # parents have smaller numbers
        if version.parent_id in seen:
            seen.add(version.pk)
    return [version for version in versions if version.pk in seen]


def _activate(version: ModelVersion, active: ModelVersion | None) -> None:
    """Inside a transaction. A race with another promotion ends in IntegrityError: only one can be active."""
    if active is not None:
        retired = ModelVersion.objects.filter(pk=active.pk)
        if not retired.move(VersionState.RETIRED, only_if=[VersionState.ACTIVE], retired_at=Now()):
            raise PromotionRefused(gettext("Another version was promoted at the same moment. Look again."))
    promoted = ModelVersion.objects.filter(pk=version.pk).move(
        VersionState.ACTIVE, only_if=[VersionState.CANDIDATE, VersionState.RETIRED], activated_at=Now()
    )
    if not promoted:
        raise PromotionRefused(gettext("This version has changed meanwhile. Look again."))


def _next_number() -> int:
    return (ModelVersion.objects.aggregate(newest=Max("number"))["newest"] or 0) + 1
