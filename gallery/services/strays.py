"""Stored files that no row names: what a process had stored when it was killed, or could not delete."""

import logging
import time
from pathlib import PurePosixPath

from gallery import files
from gallery.keys import COMPARISONS_FOLDER, WEIGHTS_FOLDER, attempt_in, samples_folder
from gallery.models import ModelVersion, RunState, TrainingEvaluation, TrainingRun
from gallery.named_files import comparison_files, named_files

logger = logging.getLogger(__name__)

# Of photographs, where files come before their rows; what training runs store is looked at by its attempts, below.
SWEPT_FOLDERS = ("photos/", "results/", "collected/", "shared/")
STRAY_FOR_S = 3600.0


class StraySweep:
    """Removes what it has seen without a row for an hour.

    By its own sight, not by the files' times: a storage's clock may be wrong, and an upload is about to get its row.
    """

    def __init__(self, *, patience_s: float = STRAY_FOR_S) -> None:
        self._patience_s = patience_s
        self._seen_at: dict[str, float] = {}

    def remove_stray_files(self) -> int:
        """How many went. Raises files.storage_errors()."""
        strays = {file.key for file in files.list_stored() if file.key.startswith(SWEPT_FOLDERS)}
        for named in named_files():  # read after the listing, so what came meanwhile has its row
            strays.discard(named.key)
        now = time.monotonic()
        self._seen_at = {key: self._seen_at.get(key, now) for key in strays}
        doomed = [key for key, seen_at in self._seen_at.items() if now - seen_at >= self._patience_s]
        files.delete(doomed)
        if doomed:
            logger.info("stray files removed: %s, among them %s", len(doomed), doomed[0])
        return len(doomed)


def remove_stray_samples(run_id: int, *, attempt: int) -> None:
    """This attempt or an earlier one stored them, and was ended before it told of them."""
    rows = TrainingEvaluation.objects.filter(run=run_id).values_list("sample_keys", flat=True)
    named = {PurePosixPath(key).parent.name for keys in rows for key in keys}
    for name in files.folders_in(samples_folder(run_id)):
        if name not in named and int(name.split("-")[0]) <= attempt:
            files.delete_folder(f"{samples_folder(run_id)}/{name}")


def remove_stray_outcomes() -> int:
    """How many folders of weights and of comparisons went, whose attempts ended before their rows were made."""
    found = [(folder, name) for folder in (WEIGHTS_FOLDER, COMPARISONS_FOLDER) for name in files.folders_in(folder)]
    # In this order: an attempt that ends in between has its rows when they are read.
    running = set(TrainingRun.objects.filter(status=RunState.RUNNING).values_list("pk", "attempt"))
    named = {str(PurePosixPath(key).parent) for key in _named_keys()}
    strays = [
        f"{folder}/{name}"
        for folder, name in found
        if (attempt := attempt_in(name)) and attempt not in running and f"{folder}/{name}" not in named
    ]
    for stray in strays:
        files.delete_folder(stray)
    return len(strays)


def _named_keys() -> list[str]:
    weights = ModelVersion.objects.values_list("weights_key", flat=True)
    return [*weights, *(file.key for file in comparison_files())]
