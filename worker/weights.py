"""A version's weights as a file on this machine: the shipped one, or a copy from the storage, kept by digest."""

import hashlib
import json
import os
from dataclasses import asdict
from pathlib import Path

from django.conf import settings
from django.core.files.storage import default_storage

from colorizer import WeightsError
from gallery import files, services
from gallery.models import ModelVersion

KEPT_COPIES = 6  # as many as the storage keeps, and the active one


class OutOfReach(WeightsError):
    """The storage does not answer now; the weights may be whole."""


def name_shipped() -> ModelVersion:
    """The row of the weights that came with the product. Raises WeightsError when there is no card of them."""
    from colorizer.checkpoint import read_card

    card = read_card(settings.PHOTOLAB_WEIGHTS.with_suffix(".json"))
    return services.ensure_shipped_version(card.name, card.digest, card=asdict(card))


def fetch(version: ModelVersion) -> Path:
    """The version's weights, their digest checked, with its card beside them. Raises WeightsError, or OutOfReach."""
    from colorizer.checkpoint import write_atomically

    if version.weights_removed_at is not None:
        raise WeightsError(f"The weights of {version} were removed.")
    if not version.weights_key:
        return _shipped(version)
    path = settings.PHOTOLAB_DATA / "weights" / f"{version.digest}.safetensors"
    try:
        if _digest(path) != version.digest:
            write_atomically(path, _stored(version))
        write_atomically(path.with_suffix(".json"), json.dumps(version.card).encode())
        os.utime(path)
        _prune(path.parent)
    except FileNotFoundError as error:
        raise WeightsError(f"The weights of {version} are not in the storage any more.") from error
    except files.storage_errors() as error:
        raise OutOfReach(f"The weights of {version} cannot be had from the storage ({error}).") from error
    return path


def _shipped(version: ModelVersion) -> Path:
    path = settings.PHOTOLAB_WEIGHTS
    if _digest(path) != version.digest:
        raise WeightsError(f"The file that PHOTOLAB_WEIGHTS names is missing, or is not that of {version}.")
    return path


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
