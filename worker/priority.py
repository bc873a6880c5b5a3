"""How a training leaves the machine to whoever needs it: coloring, pages, everything else."""

import contextlib
import os
from pathlib import Path

LAST = 19
OOM_SCORE = Path("/proc/self/oom_score_adj")


def give_way() -> None:
    """This process, and those that it will start, get little of the time that others want, and go first without memory.

    `benchmarks/training_beside.py` measures what is left to coloring.
    """
    os.nice(LAST)
    if hasattr(os, "SCHED_BATCH"):
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    with contextlib.suppress(OSError):  # not Linux, or not allowed here
        OOM_SCORE.write_text("1000")


def threads() -> int:
    """For torch: a processor is left free, where there are several."""
    return max(1, (os.cpu_count() or 1) - 1)
