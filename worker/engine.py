"""What this process is and has loaded: its identity and its generator.

The only mutable module state of the product. torch is imported after the fork, in a thread that begins with
the process, so that the first photograph does not wait for it. Before each job the engine looks which version is
active; one that cannot be loaded is told of, and the one before goes on serving.
"""

import logging
import os
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from django.conf import settings

from colorizer import ColorizerError, WeightsError
from gallery import files, services
from gallery.models import ModelVersion
from worker import weights

if TYPE_CHECKING:
    from colorizer import Colorizer

TRY_AGAIN_AFTER_S = 60.0
TRIAL_PICTURE = settings.BASE_DIR / "static" / "showcase" / "french-alpine-landscape-before.jpg"


@dataclass(frozen=True)
class Loaded:
    colorizer: "Colorizer"
    version: ModelVersion


@dataclass
class _Engine:
    worker_id: UUID = field(default_factory=uuid4)
    loaded: Loaded | None = None
    beside: Loaded | None = None  # the other version that a job asked for last
    error: str = ""  # why the active version is not the loaded one
    refused_at: dict[str, float] = field(default_factory=dict)  # by digest
    loading: threading.Lock = field(default_factory=threading.Lock)
    warming: threading.Thread | None = None


logger = logging.getLogger(__name__)
_engine = _Engine()


def begin_anew() -> None:
    """Take a new identity: after a fork, and when the old one has left a job or a run unsettled."""
    _engine.worker_id = uuid4()


def worker_id() -> UUID:
    return _engine.worker_id


def model() -> dict[str, Any]:
    """What the heart tells of the loaded generator."""
    loaded = _engine.loaded
    if loaded is None:
        return {"weights_error": _engine.error}
    from colorizer.speed import held_memory

    return {
        "model_name": loaded.colorizer.card.name,
        "model_digest": loaded.colorizer.digest,
        "model_number": loaded.version.number,
        "weights_error": _engine.error,
        "device_memory_bytes": held_memory(loaded.colorizer.device),
        "at_once": loaded.colorizer.batcher.most,
    }


def at_once() -> int:
    """How many photographs this process colors beside each other, so that they go through the network together."""
    return _engine.loaded.colorizer.batcher.most if _engine.loaded else settings.PHOTOLAB_AT_ONCE


def begin_to_warm_up() -> None:
    _engine.warming = threading.Thread(target=warm_up, name="warm-up", daemon=True)
    _engine.warming.start()


def wait_until_warm() -> None:
    """Before a claim: a warm worker takes the job meanwhile, and a process that dies while it loads harms none."""
    if _engine.warming is not None:
        _engine.warming.join()


def warm_up() -> None:
    """Load the generator and the compiled merge now. What goes wrong is told again, to its owner, by the first job."""
    from colorizer.merging import prepare

    try:
        weights.name_shipped()
    except ColorizerError as error:
        logger.warning("The shipped weights have no name: %s", error)
    try:
        current()
        prepare()
    except (ColorizerError, *files.storage_errors()) as error:
        logger.warning("The generator is not loaded: %s", error)


def current() -> Loaded:
    """The active version, or the best one that can be had.

    Raises WeightsError when there is none, and files.storage_errors() while the storage may give one later.
    """
    with _engine.loading:
        wanted = services.active_version() or weights.name_shipped()
        if _engine.loaded is None or _engine.loaded.colorizer.digest != wanted.digest:
            _change_to(wanted)
        if _engine.loaded is None:
            raise WeightsError(_engine.error)
        if _engine.loaded.colorizer.digest == wanted.digest:
            _engine.loaded, _engine.error = Loaded(_engine.loaded.colorizer, wanted), ""
        return _engine.loaded


def serving(number: int | None) -> Loaded:
    """The version of that number, which stays loaded beside the active one; None: `current`. Raises what it raises."""
    loaded = current()
    if number is None or number == loaded.version.number:
        return loaded
    with _engine.loading:
        if _engine.beside is None or _engine.beside.version.number != number:
            _engine.beside = None  # before the next one needs its memory
            _engine.beside = _load_beside(number)
        return _engine.beside


def _load_beside(number: int) -> Loaded:
    version = ModelVersion.objects.filter(number=number).first()
    if version is None:
        raise WeightsError(f"There is no version {number}.")
    try:
        return Loaded(_load(version), version)
    except (RuntimeError, ValueError) as error:
        raise WeightsError(f"{version} cannot be loaded: {error}") from error


def _change_to(wanted: ModelVersion) -> None:
    """Load it; if that fails, keep what is loaded, or begin with the best of those before it.

    Raises files.storage_errors() when none is loaded then, and the storage may give one later.
    """
    out_of_reach = None
    for version in (wanted, *services.versions_before(wanted)):
        try:
            if _engine.loaded is None or _may_be_tried(version.digest):
                _engine.loaded = Loaded(_load(version), version)
        # RuntimeError, ValueError: what torch raises for tensors that are whole and make no sense.
        except (ColorizerError, *files.storage_errors(), MemoryError, RuntimeError, ValueError) as error:
            _engine.refused_at[version.digest] = time.monotonic()
            if files.is_outage(error):
                out_of_reach = error
            if version == wanted:
                _engine.error = f"The active {version} cannot be loaded: {error}"
            logger.error("%s cannot be loaded (%s)", version, error)  # noqa: TRY400  an admin's matter, not a bug
        if _engine.loaded is not None:
            return
    if out_of_reach is not None:
        raise out_of_reach


def _may_be_tried(digest: str) -> bool:
    return time.monotonic() - _engine.refused_at.get(digest, -TRY_AGAIN_AFTER_S) >= TRY_AGAIN_AFTER_S


def _load(version: ModelVersion) -> "Colorizer":
    """Strictly, and with a photograph that must come out in color. Raises WeightsError, NoColorError and others."""
    import torch
    from PIL import Image

    from colorizer import Colorizer

    torch.set_num_threads(os.cpu_count() or 1)
    colorizer = Colorizer.load(
        weights.fetch(version), device=settings.PHOTOLAB_DEVICE, at_once=settings.PHOTOLAB_AT_ONCE
    )
    with Image.open(TRIAL_PICTURE) as picture:
        colorizer.colorize(picture.convert("L"))
    return colorizer
