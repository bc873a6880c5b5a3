"""The pictures of a frozen snapshot as files on this machine."""

import logging
from collections.abc import Iterable
from pathlib import Path

import imagehash
from django.core.files.storage import default_storage

from colorizer import ImageError
from colorizer.data import PhotoSet
from gallery.admission import are_near
from gallery.services import Snapshot, SnapshotPicture, TrainingRefused
from worker.telling import Teller

logger = logging.getLogger(__name__)


def write_pictures(
    snapshot: Snapshot, folder: Path, teller: Teller, *, golden: PhotoSet | None
) -> tuple[PhotoSet, PhotoSet]:
    """What is learned from and what is held out; nothing of `golden` is learned from, whoever uploaded it.

    Raises TrainingRefused when a side is empty.
    """
    train = snapshot.train if golden is None else _without(golden, snapshot.train)
    sides = ((train, folder / "train"), (snapshot.holdout, folder / "holdout"))
    for pictures, side in sides:
        copy_pictures(pictures, side, teller)
    try:
        return PhotoSet(sides[0][1]), PhotoSet(sides[1][1])
    except ImageError as error:
        raise TrainingRefused(
            "So many pictures were withdrawn, or are in the golden set, that none is left to learn from or judge by."
        ) from error


def _without(golden: PhotoSet, pictures: tuple[SnapshotPicture, ...]) -> list[SnapshotPicture]:
    """Those that are not nearly the same as one of the golden set, by which every version is judged."""
    judged_by = [str(imagehash.phash(golden.open(number))) for number in range(len(golden))]
    left = [one for one in pictures if not any(are_near(one.phash, phash) for phash in judged_by)]
    if len(left) < len(pictures):
        logger.warning("%s pictures are of the golden set and are not learned from", len(pictures) - len(left))
    return left


def copy_pictures(pictures: Iterable[SnapshotPicture], folder: Path, teller: Teller) -> None:
    """A picture that is withdrawn while the others are copied is left out."""
    folder.mkdir(parents=True, exist_ok=True)
    for picture in pictures:
        try:
            content = teller.insist(lambda key=picture.file_key: _read(key))
        except FileNotFoundError:
            logger.info("A picture was withdrawn: %s", picture.digest)
        else:
            (folder / f"{picture.digest}.jpg").write_bytes(content)


def _read(key: str) -> bytes:
    with default_storage.open(key, "rb") as stored:
        return stored.read()
