"""The frozen list of a run's pictures: digests that stay, and pictures that may still be withdrawn."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.core.cache import cache
from django.db.models import Count, QuerySet

from gallery import files
from gallery.models import CollectedImage, Origin, Side, SnapshotEntry, TrainingEvaluation, TrainingRun
from gallery.splitting import Earlier, Picture, split

MANIFEST_FORMAT = 1


@dataclass(frozen=True)
class SnapshotPicture:
    digest: str
    file_key: str
    phash: str  # as admission compares it


@dataclass(frozen=True)
class Snapshot:
    """`digest` is the SHA-256 of `manifest`, which never changes. Withdrawn pictures are on neither list."""

    digest: str
    manifest: bytes
    train: tuple[SnapshotPicture, ...]
    holdout: tuple[SnapshotPicture, ...]
    withdrawn: int


def choose_sides(images: QuerySet[CollectedImage]) -> dict[str, Side]:
    """Digest to side for a run that would begin now; gallery.splitting has the rules. One picture for each digest."""
    # The oldest of those with the same bytes comes last, and stays.
    pictures = {image.digest: image for image in images.only("digest", "owner_id", "origin").order_by("-pk")}
    return split(
        (
            Picture(image.digest, image.owner_id, is_of_set=image.origin == Origin.STAFF_UPLOAD)
            for image in pictures.values()
        ),
        Earlier(_earlier_sides(images), _earlier_sides_of_owners(images)),
    )


def write_entries(run: TrainingRun, images: QuerySet[CollectedImage], sides: dict[str, Side]) -> str:
    """The digest of the manifest. Inside a transaction that has locked `images`."""
    numbers = dict(images.order_by("-pk").values_list("digest", "pk"))
    SnapshotEntry.objects.bulk_create(
        SnapshotEntry(run=run, digest=digest, side=side, collected_id=numbers[digest]) for digest, side in sides.items()
    )
    return hashlib.sha256(manifest(run)).hexdigest()


def read_snapshot(run: TrainingRun) -> Snapshot:
    """Of a run whose snapshot is frozen. What was withdrawn since is not there any more."""
    entries = list(SnapshotEntry.objects.filter(run=run).select_related("collected"))
    still_there = [entry for entry in entries if entry.collected is not None]

    def pictures(side: Side) -> tuple[SnapshotPicture, ...]:
        return tuple(
            SnapshotPicture(e.digest, e.collected.file_key, e.collected.phash) for e in still_there if e.side == side
        )

    return Snapshot(
        digest=run.snapshot_digest,
        manifest=manifest(run),
        train=pictures(Side.TRAIN),
        holdout=pictures(Side.HOLDOUT),
        withdrawn=len(entries) - len(still_there),
    )


def manifest(run: TrainingRun) -> bytes:
    """Canonical JSON of the rows: the same pictures on the same sides give the same bytes."""
    sides: dict[str, list[str]] = {side.value: [] for side in Side}
    for digest, side in SnapshotEntry.objects.filter(run=run).order_by("digest").values_list("digest", "side"):
        sides[side].append(digest)
    return json.dumps({"format": MANIFEST_FORMAT, **sides}, sort_keys=True, separators=(",", ":")).encode()


def count_learned(runs: Iterable[TrainingRun]) -> dict[int, int]:
    """By the run's id, how many pictures it learned from. Each may have 100,000, and none changes: counted once."""
    names = {run.pk: f"learned-from-{run.snapshot_digest}" for run in runs}
    known = cache.get_many(names.values())
    new = [run_id for run_id, name in names.items() if name not in known]
    learned = SnapshotEntry.objects.filter(run__in=new, side=Side.TRAIN).order_by()
    counted = dict.fromkeys(new, 0) | dict(learned.values_list("run").annotate(count=Count("pk")))
    for run_id, count in counted.items():
        cache.set(names[run_id], count, None)
    return counted | {run_id: known[name] for run_id, name in names.items() if name in known}


def count_withdrawn(run: TrainingRun) -> int:
    """How many pictures of the snapshot were withdrawn or deleted since."""
    return SnapshotEntry.objects.filter(run=run, collected=None).count()


def drop_samples_of(images: QuerySet[CollectedImage]) -> None:
    """Inside a transaction: the samples of runs that hold one of them out go, since they show it; which ones is not
    known, so all of those runs'."""
    runs = SnapshotEntry.objects.filter(collected__in=images, side=Side.HOLDOUT).order_by().values("run")
    # In turn with a worker that adds samples: it sees what is withdrawn, or is seen here.
    list(TrainingRun.objects.select_for_update(no_key=True).filter(pk__in=runs).order_by("pk").values_list("pk"))
    evaluations = TrainingEvaluation.objects.filter(run__in=runs)
    files.delete_after_commit([key for keys in evaluations.values_list("sample_keys", flat=True) for key in keys])
    evaluations.update(sample_keys=[])


def may_show_samples(run_id: int) -> bool:
    """Until one of the pictures that are held out is withdrawn: the worker goes on coloring its copy."""
    return not SnapshotEntry.objects.filter(run=run_id, side=Side.HOLDOUT, collected=None).exists()


def _earlier_sides(images: QuerySet[CollectedImage]) -> dict[str, Side]:
    entries = SnapshotEntry.objects.filter(digest__in=images.order_by().values("digest"))
    return {digest: Side(side) for digest, side in entries.order_by("pk").values_list("digest", "side")}


def _earlier_sides_of_owners(images: QuerySet[CollectedImage]) -> dict[int, frozenset[Side]]:
    entries = SnapshotEntry.objects.filter(collected__owner__in=images.order_by().values("owner"))
    ordinary = entries.exclude(collected__origin=Origin.STAFF_UPLOAD).order_by()
    sides: dict[int, set[Side]] = defaultdict(set)
    for owner_id, side in ordinary.values_list("collected__owner_id", "side").distinct():
        sides[owner_id].add(Side(side))
    return {owner_id: frozenset(known) for owner_id, known in sides.items()}
