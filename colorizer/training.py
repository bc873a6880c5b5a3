"""One training run: the stages of a recipe, resumable, every checkpoint evaluated, EMA weights as the product.

A run folder holds `state.safetensors` (to go on from), `log.jsonl` (a line a step or an evaluation) and, for
each evaluation, `step-<n>.safetensors` with its card and `step-<n>-<set>.jpg`.
"""

import copy
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import torch
from safetensors.torch import save
from torch import nn
from torch.utils.data import DataLoader

from .checkpoint import (
    Card,
    load_generator,
    load_optimizer,
    optimizer_tensors,
    read_tensors,
    save_generator,
    tensors_under,
    write_atomically,
)
from .config import Recipe, Stage
from .data import Batch, TrainingBatches, open_sources, to_batch
from .descent import descend, lr_scale, make_optimizers, set_rate
from .efficientnet import load_imagenet
from .errors import TrainingError
from .evaluation import evaluate
from .generator import Generator
from .objective import Objective

SAVE_EVERY = 100  # steps: at most these are lost when the process dies


@dataclass(frozen=True)
class Progress:
    """What a caller is told after each step."""

    stage: str
    step: int  # of the whole run, from 1
    steps: int
    losses: dict[str, float]


class Training:
    """The networks, optimizers and counters of a run."""

    def __init__(self, recipe: Recipe, folder: Path, data: Path, *, start: Path | None = None) -> None:
        """A run in `folder` on the sources in `data`, from ImageNet's encoder or from the weights `start`.

        Raises WeightsError, and TrainingError when those weights are of another network.
        """
        self.recipe, self.folder, self.data = recipe, folder, data
        opened = {name: open_sources(data, name) for name in _sources(recipe)}
        self.sources = {name: train for name, (train, _) in opened.items()}
        self.validation = {name: opened[name][1] for name in recipe.validation}
        torch.manual_seed(recipe.seed)
        self.generator = _fresh(recipe) if start is None else _started(recipe, start)
        self.generator.to(memory_format=torch.channels_last)
        self.ema = copy.deepcopy(self.generator).eval().requires_grad_(False)
        self.objective: Objective | None = None  # of the stage that runs
        self.step = 0
        self.train_s = 0.0  # wall-clock seconds of training so far, over all legs
        self.optimizers: dict[str, torch.optim.Optimizer] = {}

    def run(
        self,
        *,
        progress: Callable[[Progress], None] = lambda report: None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> bool:
        """Train to the end, or until `should_stop`; True when the recipe is done. Raises TrainingError."""
        self._resume()
        first = 0
        for stage in self.recipe.stages:
            if self.step < first + stage.steps and not self._run_stage(stage, first, progress, should_stop):
                return False
            first += stage.steps
        return True

    def _run_stage(
        self,
        stage: Stage,
        first: int,
        progress: Callable[[Progress], None],
        should_stop: Callable[[], bool],
    ) -> bool:
        if self.step == first:
            self._begin_stage(stage)
        self._set_trainable(stage)
        batches = TrainingBatches(self.sources, stage, seed=self.recipe.seed + first, first_step=self.step - first)
        for rgb in DataLoader(batches, batch_size=None, num_workers=1, prefetch_factor=4):
            began = time.monotonic()
            noise = torch.Generator().manual_seed(self.recipe.seed + self.step)
            values = self._train_step(stage, to_batch(rgb, noise), lr_scale(self.step - first, stage.steps))
            self.step += 1
            self.train_s += time.monotonic() - began
            self._log({"step": self.step, "stage": stage.name, **values})
            progress(Progress(stage.name, self.step, self.recipe.steps, values))
            stage_done = self.step == first + stage.steps
            if stage_done or self.step % self.recipe.evaluate_every == 0:
                self._evaluate(stage)
            stop = should_stop()
            if stop or stage_done or self.step % SAVE_EVERY == 0:
                self._save()
            if stop:
                return False
        return True

    def _begin_stage(self, stage: Stage) -> None:
        """Start from the averaged weights with a fresh discriminator and fresh optimizers."""
        self.generator.load_state_dict(self.ema.state_dict())
        self._prepare_stage(stage)

    def _prepare_stage(self, stage: Stage) -> None:
        self.objective = Objective(stage, self.generator, self.sources, seed=self.recipe.seed)
        self.optimizers = make_optimizers(stage, self.generator, self.objective.discriminator)

    def _set_trainable(self, stage: Stage) -> None:
        """A frozen encoder keeps its batch norms too; an unfrozen one keeps only their statistics."""
        self.generator.train()
        self.generator.encoder.eval()
        self.generator.encoder.requires_grad_(stage.encoder_lr > 0)

    def _train_step(self, stage: Stage, batch: Batch, scale: float) -> dict[str, float]:
        for optimizer in self.optimizers.values():
            set_rate(optimizer, scale)
        with torch.autocast("cpu", torch.bfloat16):
            prediction = self.generator.predict(batch.seen, batch.hints)
        judged = self.objective.judge(batch, prediction)
        values: dict[str, float] = {}
        if self.objective.discriminator is not None:
            loss = self.objective.discriminator_loss(batch, judged)
            descend(self.optimizers["discriminator"], loss, self.objective.discriminator)
            values["discriminator"] = float(loss.detach())
        terms = self.objective.generator_loss(batch, prediction, judged)
        total = torch.stack([weight * value for weight, value in terms.values()]).sum()
        if not torch.isfinite(total):
            raise TrainingError(f"The loss is not finite at step {self.step + 1}; the last checkpoint is kept.")
        descend(self.optimizers["generator"], total, self.generator)
        self._average()
        values |= {name: float(value.detach()) for name, (_, value) in terms.items()}
        return {name: round(value, 5) for name, value in values.items()}

    @torch.no_grad()
    def _average(self) -> None:
        """Exponential moving average; quick at first, so that the random start is forgotten."""
        decay = min(self.recipe.ema_decay, (1 + self.step) / (10 + self.step))
        source = self.generator.state_dict()
        for name, target in self.ema.state_dict().items():
            if target.is_floating_point():
                target.lerp_(source[name], 1 - decay)
            else:
                target.copy_(source[name])

    def _evaluate(self, stage: Stage) -> None:
        figures = {}
        for name, photos in self.validation.items():
            result = evaluate(self.ema, photos, size=self.recipe.validation_size, limit=self.recipe.validation_pictures)
            figures[name] = {row: asdict(values) for row, values in result.rows.items()}
            result.sheet.save(self.folder / f"step-{self.step:05}-{name}.jpg", quality=90)
        self._log({"step": self.step, "stage": stage.name, "evaluation": figures})
        card = Card(
            name=self.recipe.name,
            created_at=datetime.now(UTC).isoformat(timespec="seconds"),
            network=self.recipe.network,
            data={f"{name}-train": len(photos) for name, photos in self.sources.items()},
            recipe={**asdict(self.recipe), "stopped_at_step": self.step, "training_s": round(self.train_s)},
            figures=figures,
        )
        save_generator(self.ema, self.folder / f"step-{self.step:05}.safetensors", card)

    def _log(self, line: dict[str, object]) -> None:
        with (self.folder / "log.jsonl").open("a") as file:
            file.write(json.dumps(line) + "\n")

    def _save(self) -> None:
        tensors = {f"counters.{k}": torch.tensor(getattr(self, k)) for k in ("step", "train_s")}
        for name, network in self._networks().items():
            tensors |= {f"{name}.{k}": v for k, v in network.state_dict().items()}
        for name, optimizer in self.optimizers.items():
            tensors |= {f"optimizer.{name}.{k}": v for k, v in optimizer_tensors(optimizer).items()}
        blob = save({k: v.detach().clone().contiguous() for k, v in tensors.items()})
        write_atomically(self.folder / "state.safetensors", blob)

    def _resume(self) -> None:
        """Go on from `state.safetensors` when the folder holds one."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / "state.safetensors"
        if not path.exists():
            return
        tensors = read_tensors(path)
        self.step = int(tensors["counters.step"])
        self.train_s = float(tensors["counters.train_s"])
        first = 0
        for stage in self.recipe.stages:
            if first < self.step <= first + stage.steps:
                self._prepare_stage(stage)
            first += stage.steps
        for name, network in self._networks().items():
            network.load_state_dict(tensors_under(tensors, f"{name}."))
        for name, optimizer in self.optimizers.items():
            load_optimizer(optimizer, tensors_under(tensors, f"optimizer.{name}."))

    def _networks(self) -> dict[str, nn.Module]:
        """Those whose weights make up the state of the run."""
        networks = {"generator": self.generator, "ema": self.ema}
        if self.objective.discriminator is not None:
            networks["discriminator"] = self.objective.discriminator
        return networks


def _fresh(recipe: Recipe) -> Generator:
    generator = Generator(recipe.network)
    load_imagenet(generator.encoder, recipe.network.encoder)
    return generator


def _started(recipe: Recipe, start: Path) -> Generator:
    generator, card = load_generator(start)
    if card.network != recipe.network:
        raise TrainingError(f"The weights {start.name} are of another network than the recipe {recipe.name}.")
    return generator


def _sources(recipe: Recipe) -> list[str]:
    return sorted({name for stage in recipe.stages for name in stage.batch})
