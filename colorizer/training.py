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
from torch import Tensor, nn
from torch.utils.data import DataLoader

from .checkpoint import (
    Card,
    load_optimizer,
    optimizer_tensors,
    read_tensors,
    save_generator,
    tensors_under,
    write_atomically,
)
from .config import Recipe, Stage
from .data import Batch, TrainingBatches, open_sources, to_batch
from .efficientnet import load_imagenet
from .errors import TrainingError
from .evaluation import evaluate
from .generator import Generator
from .objective import Objective

SAVE_EVERY = 100  # steps: at most these are lost when the process dies
WARM_UP = 0.08  # share of a stage during which the learning rate rises
LAST_LR = 0.05  # of the peak, at the end of a stage
BETAS = (0.5, 0.999)


@dataclass(frozen=True)
class Progress:
    """What a caller is told after each step."""

    stage: str
    step: int  # of the whole run, from 1
    steps: int
    losses: dict[str, float]


def lr_scale(step: int, steps: int) -> float:
    """The share of the peak learning rate at a step of a stage: a linear rise, then half a cosine."""
    warm = max(1, int(steps * WARM_UP))
    if step < warm:
        return (step + 1) / warm
    done = torch.tensor((step - warm) / max(1, steps - warm))
    return float(LAST_LR + (1 - LAST_LR) * (1 + torch.cos(done * torch.pi)) / 2)


class Training:
    """The networks, optimizers and counters of a run."""

    def __init__(self, recipe: Recipe, folder: Path, data: Path) -> None:
        self.recipe, self.folder, self.data = recipe, folder, data
        opened = {name: open_sources(data, name) for name in _sources(recipe)}
        self.sources = {name: train for name, (train, _) in opened.items()}
        self.validation = {name: opened[name][1] for name in recipe.validation}
        torch.manual_seed(recipe.seed)
        self.generator = Generator(recipe.network)
        load_imagenet(self.generator.encoder, recipe.network.encoder)
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
        self.optimizers = self._make_optimizers(stage)

    def _make_optimizers(self, stage: Stage) -> dict[str, torch.optim.Optimizer]:
        decoder = [p for name, p in self.generator.named_parameters() if not name.startswith("encoder.")]
        groups = [{"params": decoder, "peak_lr": stage.decoder_lr}]
        if stage.encoder_lr:
            groups.append({"params": list(self.generator.encoder.parameters()), "peak_lr": stage.encoder_lr})
        made = {"generator": torch.optim.AdamW(groups, betas=_betas(stage), weight_decay=0.01)}
        if self.objective.discriminator is not None:
            group = {"params": list(self.objective.discriminator.parameters()), "peak_lr": stage.discriminator_lr}
            made["discriminator"] = torch.optim.AdamW([group], betas=BETAS, weight_decay=0.0)
        return made

    def _set_trainable(self, stage: Stage) -> None:
        """A frozen encoder keeps its batch norms too; an unfrozen one keeps only their statistics."""
        self.generator.train()
        self.generator.encoder.eval()
        self.generator.encoder.requires_grad_(stage.encoder_lr > 0)

    def _train_step(self, stage: Stage, batch: Batch, scale: float) -> dict[str, float]:
        for optimizer in self.optimizers.values():
            for group in optimizer.param_groups:
                group["lr"] = group["peak_lr"] * scale
        with torch.autocast("cpu", torch.bfloat16):
            prediction = self.generator.predict(batch.seen, batch.hints)
        judged = self.objective.judge(batch, prediction)
        values: dict[str, float] = {}
        if self.objective.discriminator is not None:
            loss = self.objective.discriminator_loss(batch, judged)
            _descend(self.optimizers["discriminator"], loss, self.objective.discriminator)
            values["discriminator"] = float(loss.detach())
        terms = self.objective.generator_loss(batch, prediction, judged)
        total = torch.stack([weight * value for weight, value in terms.values()]).sum()
        if not torch.isfinite(total):
            raise TrainingError(f"The loss is not finite at step {self.step + 1}; the last checkpoint is kept.")
        _descend(self.optimizers["generator"], total, self.generator)
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


def _sources(recipe: Recipe) -> list[str]:
    return sorted({name for stage in recipe.stages for name in stage.batch})


def _betas(stage: Stage) -> tuple[float, float]:
    return BETAS if stage.adversarial_weight else (0.9, 0.999)


def _descend(optimizer: torch.optim.Optimizer, loss: Tensor, network: nn.Module) -> None:
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_([p for p in network.parameters() if p.grad is not None], 5.0)
    optimizer.step()
