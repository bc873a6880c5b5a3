"""How fast a run goes, and how long it will still take.

Stages differ in the size of their crops and in what judges them; until a stage has begun, its steps are reckoned
from the pace of the one before it.
"""

from .config import Recipe, Stage

RECENT = 0.9  # weight of the pace so far against the newest step
JUDGED = 1.5  # times as long as without, takes a step whose pictures a classifier looks at; on a processor


class Pace:
    """Told how long steps and evaluations took; seconds are of the wall clock."""

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe
        self._unit_s = 0.0  # seconds for a unit of work
        self._evaluation_s = 0.0

    def step_took(self, stage: Stage, seconds: float) -> None:
        unit_s = seconds / _work(stage)
        self._unit_s = RECENT * self._unit_s + (1 - RECENT) * unit_s if self._unit_s else unit_s

    def evaluation_took(self, seconds: float) -> None:
        self._evaluation_s = seconds

    def pictures_per_s(self, stage: Stage) -> float:
        """Of the training pictures; 0 before the first step."""
        return stage.batch_size / (self._unit_s * _work(stage)) if self._unit_s else 0.0

    def seconds_left(self, step: int) -> float:
        """After `step` steps of the run, evaluations included."""
        work, first = 0.0, 0
        for stage in self._recipe.stages:
            work += _work(stage) * max(0, first + stage.steps - max(step, first))
            first += stage.steps
        evaluations = sum(due > step for due in self._recipe.evaluations)
        return work * self._unit_s + evaluations * self._evaluation_s


def _work(stage: Stage) -> float:
    """Of one step, in pixels that pass through the generator."""
    judged = stage.perceptual_weight or stage.adversarial_weight
    return stage.batch_size * stage.crop**2 * (JUDGED if judged else 1.0)
