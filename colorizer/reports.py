"""What a training run tells its caller: after each step, after each evaluation, and at its end."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

Figures = dict[str, dict[str, dict[str, float]]]  # by validation set, by row (grey, generator, truth), by figure


@dataclass(frozen=True)
class Progress:
    """After each step. Rate and rest are of the wall clock and by the recent pace."""

    stage: str
    step: int  # of the whole run, from 1
    steps: int
    losses: dict[str, float]
    pictures_per_s: float
    seconds_left: float


@dataclass(frozen=True)
class Evaluated:
    """After each evaluation; step 0 is the weights that the run started from."""

    step: int
    figures: Figures
    sheets: dict[str, Path]  # by set: the same eight photographs each time, grey, colored and true side by side


class Ending(StrEnum):
    FINISHED = "finished"
    STOPPED = "stopped"  # the same run goes on from there
    EARLY = "ended early"  # it would not get better


@dataclass(frozen=True)
class Outcome:
    """How a run ended, and the last checkpoint worth keeping; None where it was stopped before there was one."""

    ending: Ending
    step: int
    weights: Path | None
    reason: str = ""  # of an early end, as a plain sentence


@dataclass(frozen=True)
class Listeners:
    """Called by the first process, in its training thread; `should_stop` is asked after each step and while the
    run is evaluated, every 16 photographs."""

    progress: Callable[[Progress], None]
    evaluated: Callable[[Evaluated], None]
    should_stop: Callable[[], bool]
