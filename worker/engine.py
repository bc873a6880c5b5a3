"""What this process is and has loaded: its identity and its generator.

The only mutable module state of the product. torch is imported after the fork, in a thread that begins with
the process, so that the first photograph does not wait for it.
"""

import logging
import os
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from django.conf import settings

if TYPE_CHECKING:
    from colorizer import Colorizer


@dataclass
class _Engine:
    worker_id: UUID = field(default_factory=uuid4)
    colorizer: "Colorizer | None" = None
    loading: threading.Lock = field(default_factory=threading.Lock)


logger = logging.getLogger(__name__)
_engine = _Engine()


def begin_anew() -> None:
    """Take a new identity: after a fork, and when the old one has left a job unsettled."""
    _engine.worker_id = uuid4()


def worker_id() -> UUID:
    return _engine.worker_id


def model() -> dict[str, str]:
    """Name and digest of the loaded generator; empty while none is loaded."""
    loaded = _engine.colorizer
    if loaded is None:
        return {}
    return {"model_name": loaded.card.name, "model_digest": loaded.digest}


def warm_up() -> None:
    """Load the generator and the compiled merge now. What goes wrong is told again, to its owner, by the first job."""
    from colorizer import ColorizerError
    from colorizer.merging import prepare

    try:
        current()
        prepare()
    except ColorizerError as error:
        logger.warning("The generator is not loaded: %s", error)


def current() -> "Colorizer":
    """The generator, loaded once for each process. Raises colorizer.WeightsError."""
    with _engine.loading:
        if _engine.colorizer is None:
            import torch

            from colorizer import Colorizer

            torch.set_num_threads(os.cpu_count() or 1)
            _engine.colorizer = Colorizer.load(settings.PHOTOLAB_WEIGHTS, device=settings.PHOTOLAB_DEVICE)
        return _engine.colorizer
