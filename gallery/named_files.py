"""Which stored files the rows name, and what the rows know of them. What else lies in the storage is a stray.

The one list of it: a backup copies these files, and the integrity check looks for them.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Model

from gallery.models import CollectedImage, ModelVersion, Photo, Result, SharedCopy, TrainingEvaluation, TrainingRun

ROWS_AT_ONCE = 1000


@dataclass(frozen=True)
class NamedFile:
    key: str
    row: str  # such as "photo 12"
    digest: str = ""  # sha256 of the stored bytes; blank where the row does not know it
    byte_size: int | None = None


@dataclass(frozen=True)
class Naming:
    """One column that names a file, and those beside it that tell of the file's bytes."""

    model: type[Model]
    column: str
    digest: str = ""
    byte_size: str = ""


COLUMNS = (
    Naming(Photo, "original_key", digest="digest", byte_size="byte_size"),
    Naming(Photo, "preview_key"),
    Naming(Photo, "thumb_key"),
    Naming(Result, "image_key", digest="digest", byte_size="byte_size"),
    Naming(Result, "preview_key"),
    Naming(Result, "thumb_key"),
    Naming(CollectedImage, "file_key", byte_size="byte_size"),
    Naming(CollectedImage, "thumb_key"),
    Naming(SharedCopy, "key"),
    Naming(ModelVersion, "weights_key", digest="digest"),
    Naming(TrainingRun, "checkpoint_key"),
)


def named_files() -> Iterator[NamedFile]:
    for naming in COLUMNS:
        yield from _of_column(naming)
    yield from comparison_files()
    for pk, keys in TrainingEvaluation.objects.order_by("pk").values_list("pk", "sample_keys"):
        yield from (NamedFile(key, f"evaluation {pk}") for key in keys)


def _of_column(naming: Naming) -> Iterator[NamedFile]:
    name = naming.model._meta.model_name
    rows = naming.model._base_manager.exclude(**{naming.column: ""}).order_by("pk")
    known = [column for column in (naming.digest, naming.byte_size) if column]
    for row in rows.values("pk", naming.column, *known).iterator(ROWS_AT_ONCE):
        yield NamedFile(
            key=row[naming.column],
            row=f"{name} {row['pk']}",
            digest=row.get(naming.digest, ""),
            byte_size=row.get(naming.byte_size),
        )


def comparison_files() -> Iterator[NamedFile]:
    for pk, pairs in ModelVersion.objects.order_by("pk").values_list("pk", "comparisons"):
        for pair in pairs:
            for name in ("candidate_key", "active_key", "grey_key"):
                yield NamedFile(pair[name], f"modelversion {pk}")
