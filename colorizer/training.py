"""One training run: the stages of a recipe, resumable, every checkpoint evaluated, averaged weights as the product.

A run folder holds `state.safetensors` (to go on from), `log.jsonl` (a line a step or an evaluation) and, for
each evaluation, `step-<n>.safetensors` with its card and `step-<n>-<set>.jpg`. Several processes may share a run,
and one that was begun by some may be gone on with by others: `team` says how.
"""

import copy
import math
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from .checkpoint import save_generator
from .config import Recipe, Stage
from .data import Batch, PhotoSet, TrainingBatches, to_batch
from .descent import average, descend, first_weights, lr_scale, make_optimizers, set_rate
from .errors import ImageError, TrainingError, is_no_memory
from .objective import Objective
from .pace import Pace
from .rehearsal import Rehearsal
from .reports import Ending, Evaluated, Listeners, Outcome, Progress
from .runaway import what_ran_away
from .runfolder import RunFolder, restore
from .team import Team
from .validation import make_card, validate

SAVE_EVERY_S = 60.0  # of work: at most so much, and a step, is lost when the process dies
LOADERS = {"cpu": 1, "mps": 2, "cuda": 4}  # processes that read pictures; on a processor they would take its time
_ENDINGS = (Ending.FINISHED, Ending.STOPPED, Ending.EARLY)  # the later goes before


class _End(Exception):
    """The run does not go on."""

    def __init__(self, ending: Ending, reason: str = "") -> None:
        super().__init__(reason)
        self.ending, self.reason = ending, reason


class Training:
    """The networks, optimizers and counters of a run."""

    def __init__(
        self,
        recipe: Recipe,
        folder: Path,
        sources: dict[str, PhotoSet],
        validation: dict[str, PhotoSet],
        *,
        held_out: dict[str, PhotoSet] | None = None,
        start: Path | None = None,
        team: Team | None = None,
    ) -> None:
        """A run in `folder`, which all processes of the team can read, from ImageNet's encoder or the weights `start`.

        `sources` are those that the recipe's batches name, and `held_out` other pictures of some of them, for
        `Rehearsal`. Raises WeightsError, and TrainingError when the weights are of another network or the team cannot
        share the batches.
        """
        self.recipe, self.folder = recipe, RunFolder(folder)
        self.sources, self.validation = sources, validation
        self.team = team or Team.alone()
        for stage in recipe.stages:
            self.team.must_share(stage.batch_size)
        torch.manual_seed(recipe.seed)
        self.generator, self.parent = first_weights(recipe, start)
        self.generator.to(self.team.device, memory_format=torch.channels_last)
        self.ema = copy.deepcopy(self.generator).eval().requires_grad_(False)
        self.rehearsal = Rehearsal(copy.deepcopy(self.ema), recipe, sources | (held_out or {}), self.team)
        self.generator = self.team.with_norms(self.generator)
        self.objective: Objective | None = None  # of the stage that runs
        self.step = 0
        self.train_s = 0.0  # wall-clock seconds of training so far, over all legs
        self.optimizers: dict[str, torch.optim.Optimizer] = {}
        self.pace = Pace(recipe)

    def run(
        self,
        *,
        progress: Callable[[Progress], None] = lambda report: None,
        evaluated: Callable[[Evaluated], None] = lambda report: None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> Outcome:
        """Train to the end, or until `should_stop`, or until nothing good can come of it.

        An evaluation in which a process dies is done, and told, once more. Raises TrainingError when there is too
        little memory, or when a run fails before its first checkpoint.
        """
        self._listeners = Listeners(progress, evaluated, should_stop)
        ending, reason = Ending.FINISHED, ""
        try:
            self._run()
        except _End as end:
            ending, reason = end.ending, end.reason
        except (MemoryError, RuntimeError) as error:
            if not is_no_memory(error):
                raise
            raise TrainingError("There is too little memory to train: lower the batch size or the crop.") from error
        except ImageError as error:  # one from a process that reads tells its whole way, and at last what was said
            said = str(error).strip().splitlines()[-1]
            raise TrainingError(said.removeprefix(f"{ImageError.__module__}.{ImageError.__name__}: ")) from error
        if ending is Ending.STOPPED and self.objective is not None:
            self._save()
        weights = self.folder.last_checkpoint()
        if ending is Ending.EARLY and weights is None:
            raise TrainingError(f"{reason} There is no checkpoint yet: lower the learning rate.")
        return Outcome(ending, self.step, weights, reason)

    def _run(self) -> None:
        self._resume()
        self._agree(self._evaluate_if_due())
        first = 0
        for stage in self.recipe.stages:
            if self.step < first + stage.steps:
                self._run_stage(stage, first)
            first += stage.steps

    def _run_stage(self, stage: Stage, first: int) -> None:
        if self.step == first:
            self._begin_stage(stage)
        self._set_trainable(stage)
        batches = TrainingBatches(
            self.sources, stage, seed=self.recipe.seed + first, first_step=self.step - first, share=self.team.share
        )
        recolor = self.rehearsal.of(stage)
        before = saved = time.monotonic()
        loaders = LOADERS[self.team.device.type]
        for rgb in DataLoader(batches, batch_size=None, num_workers=loaders, prefetch_factor=4):
            began = time.monotonic()
            noise = torch.Generator().manual_seed(self.recipe.seed + self.step + (self.team.rank << 32))
            batch = to_batch(rgb, noise, recolor=recolor).to(self.team.device)
            values = self._train_step(stage, batch, lr_scale(self.step - first, stage.steps))
            self.step += 1
            self.train_s += time.monotonic() - began
            self.pace.step_took(stage, time.monotonic() - before)
            self._tell(stage, values)
            if time.monotonic() - saved > SAVE_EVERY_S:
                self._save()
                saved = time.monotonic()
            self._agree(self._evaluate_if_due())
            before = time.monotonic()

    def _begin_stage(self, stage: Stage) -> None:
        """Start from the averaged weights with a fresh discriminator and fresh optimizers."""
        self.generator.load_state_dict(self.ema.state_dict())
        self._prepare_stage(stage)

    def _prepare_stage(self, stage: Stage) -> None:
        self.objective = Objective(stage, self.generator, self.sources, seed=self.recipe.seed, team=self.team)
        self.optimizers = make_optimizers(stage, self.generator, self.objective.discriminator)

    def _set_trainable(self, stage: Stage) -> None:
        """A frozen encoder keeps its batch norms too; one that learns keeps only their statistics.

        What nothing is asked of stays as it is: the refinement where bins alone are learned.
        """
        self.generator.train()
        self.generator.encoder.eval()
        self.generator.encoder.requires_grad_(False)
        if stage.encoder_lr:
            for parameter in self.generator.encoder.parameters_from(stage.encoder_from):
                parameter.requires_grad_(True)
        for part in self.generator.refinement:
            part.requires_grad_(stage.refines)
        if self.generator.alike is not None:
            self.generator.alike.requires_grad_(False)  # `listening` has taught it
        self._predict = self.team.spread(self.generator, "predict")

    def _train_step(self, stage: Stage, batch: Batch, scale: float) -> dict[str, float]:
        for optimizer in self.optimizers.values():
            set_rate(optimizer, scale)
        with self.team.autocast():
            prediction = self._predict(batch.seen, batch.hints)
        judged = self.objective.judge(batch, prediction)
        values: dict[str, Tensor] = {}
        if self.objective.discriminator is not None:
            loss = self.objective.discriminator_loss(batch, judged)
            descend(self.optimizers["discriminator"], loss, self.objective.discriminator)
            values["discriminator"] = loss.detach()
        terms = self.objective.generator_loss(batch, prediction, judged)
        total = torch.stack([weight * value for weight, value in terms.values()]).sum()
        values |= {name: value.detach() for name, (_, value) in terms.items()}
        means = self.team.mean(torch.stack([total.detach(), *values.values()])).tolist()
        if not math.isfinite(means[0]):
            raise _End(Ending.EARLY, f"The loss was not finite at step {self.step + 1}.")
        descend(self.optimizers["generator"], total, self.generator)
        # Quick at first, so that the random start is forgotten.
        average(self.ema, self.generator, min(self.recipe.ema_decay, (1 + self.step) / (10 + self.step)))
        return {name: round(value, 5) for name, value in zip(values, means[1:], strict=True)}

    def _tell(self, stage: Stage, values: dict[str, float]) -> None:
        if self.team.leads:
            self.folder.log({"step": self.step, "stage": stage.name, **values})
            rate, left = self.pace.pictures_per_s(stage), self.pace.seconds_left(self.step)
            self._listeners.progress(Progress(stage.name, self.step, self.recipe.steps, values, rate, left))

    def _evaluate_if_due(self) -> _End | None:
        """By the first process alone. A run from weights has them evaluated first, to be measured by them."""
        path = self.folder.checkpoint(self.step)
        due = self.step in self.recipe.evaluations if self.step else bool(self.parent)
        if not due or not self.team.leads or path.exists():
            return None
        began = time.monotonic()
        try:
            if self.step:
                self._save()
            made = self.rehearsal.blend(self.ema, heed=self._heed) if self.step else self.ema
            report = validate(made, self.validation, self.recipe, folder=self.folder, step=self.step, heed=self._heed)
        except _End as end:
            return end
        self.pace.evaluation_took(time.monotonic() - began)
        self.folder.log({"step": self.step, "evaluation": report.figures})
        self._listeners.evaluated(report)
        reason = what_ran_away(report.figures, self.folder.start_figures()) if self.step else None
        if reason is not None:
            return _End(Ending.EARLY, reason)
        told = {"training_s": round(self.train_s), "parent": self.parent}
        save_generator(made, path, make_card(self.recipe, made.config, self.sources, report, **told))
        return None

    def _heed(self) -> None:
        if self._listeners.should_stop():
            raise _End(Ending.STOPPED)

    def _agree(self, end: _End | None) -> None:
        """All processes end where one must."""
        if end is None and self._listeners.should_stop():
            end = _End(Ending.STOPPED)
        agreed = _ENDINGS[self.team.largest(_ENDINGS.index(end.ending) if end else 0)]
        if agreed is not Ending.FINISHED:
            raise end if end and end.ending is agreed else _End(agreed)

    def _save(self) -> None:
        if self.team.leads:
            counters = {"step": self.step, "train_s": self.train_s}
            self.folder.save_state(counters, self._networks(), self.optimizers)

    def _resume(self) -> None:
        """Go on from the state that the folder holds, if it does."""
        self.folder.make()
        tensors = self.folder.read_state()
        if tensors is None:
            return
        self.step = int(tensors["counters.step"])
        self.train_s = float(tensors["counters.train_s"])
        self._prepare_stage(self.recipe.stage_at(self.step))
        restore(tensors, self._networks(), self.optimizers)

    def _networks(self) -> dict[str, nn.Module]:
        """Those whose weights make up the state of the run."""
        networks = {"generator": self.generator, "ema": self.ema}
        if self.objective.discriminator is not None:
            networks["discriminator"] = self.objective.discriminator
        return networks
