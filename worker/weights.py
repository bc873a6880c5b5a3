"""A version's weights as a file on this machine: the shipped one, or a copy from the storage, kept by digest."""

import hashlib
import json
import logging
import os
from dataclasses import asdict
from pathlib import Path

from django.conf import settings
from django.core.files.storage import default_storage

from colorizer import WeightsError
from gallery import files, services
from gallery.keys import new_shipped_key
from gallery.models import ModelVersion

KEPT_COPIES = 6  # as many as the storage keeps, and the active one

logger = logging.getLogger(__name__)


def name_shipped() -> ModelVersion:
    """The row of the weights that came with the product. Raises WeightsError when there is no card of them."""
    from colorizer.checkpoint import read_card

    card = read_card(settings.PHOTOLAB_WEIGHTS.with_suffix(".json"))
    version = services.ensure_shipped_version(card.name, card.digest, card=asdict(card))
    if not version.weights_key:
        _keep(version)
        version.refresh_from_db()
    return version


def fetch(version: ModelVersion) -> Path:
    """The version's weights, their digest checked, with its card beside them.

    Raises WeightsError, and files.storage_errors() while the storage is out of reach: the weights may be whole.
    """
    from colorizer.checkpoint import write_atomically

    if version.weights_removed_at is not None:
        raise WeightsError(f"The weights of {version} were removed.")
    if _digest(settings.PHOTOLAB_WEIGHTS) == version.digest:
        return settings.PHOTOLAB_WEIGHTS
    if not version.weights_key:
        raise WeightsError(f"The file that PHOTOLAB_WEIGHTS names is missing, or is not that of {version}.")
    path = settings.PHOTOLAB_DATA / "weights" / f"{version.digest}.safetensors"
    try:
        if _digest(path) != version.digest:
            write_atomically(path, _stored(version))
        write_atomically(path.with_suffix(".json"), json.dumps(version.card).encode())
        os.utime(path)
        _prune(path.parent)
    except FileNotFoundError as error:
        raise WeightsError(f"The weights of {version} are not in the storage any more.") from error
    return path


def _keep(version: ModelVersion) -> None:
    """Store the shipped file: the next release of the product has another, and this one may be rolled back to."""
    blob = settings.PHOTOLAB_WEIGHTS.read_bytes() if settings.PHOTOLAB_WEIGHTS.exists() else b""
    if hashlib.sha256(blob).hexdigest() != version.digest:
        return  # whoever loads it tells what is wrong with it
    key = new_shipped_key()
    try:
        files.store(key, blob)
        if not services.keep_shipped_weights(version, key):
            files.delete([key])
    except files.storage_errors() as error:
        logger.warning("The shipped weights are not stored yet: %s", error)  # the next worker that starts tries again


def _stored(version: ModelVersion) -> bytes:
    with default_storage.open(version.weights_key, "rb") as file:
        blob = file.read()
    if hashlib.sha256(blob).hexdigest() != version.digest:
        raise WeightsError(f"The stored weights of {version} are damaged: their digest is another.")
    return blob


def _prune(folder: Path) -> None:
    """Another process may do the same; what it has loaded is in its memory."""
    copies = sorted(folder.glob("*.safetensors"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in copies[KEPT_COPIES:]:
        path.unlink(missing_ok=True)
        path.with_suffix(".json").unlink(missing_ok=True)


def _digest(path: Path) -> str:
    """Empty where there is no such file."""
    if not path.exists():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
