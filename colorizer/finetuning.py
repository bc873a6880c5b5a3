"""Fine-tuning: a recipe for going on from given weights with new photographs, and what that will take.

The encoder stays ImageNet's and learning rates are low; a share of every batch is rehearsal, pictures that the
network knows, so that it does not forget them (Robins 1995).
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .config import HOLDOUT, NetworkConfig, Recipe, Stage
from .data import PhotoSet, validation_beside
from .discriminator import ProjectedDiscriminator
from .efficientnet import STRIDE
from .errors import TrainingError
from .generator import Generator
from .inference import SHORT_SIDE
from .rehearsal import COMPARED

NEW = "new"  # the source of the new photographs
BASE = "base"  # that of a rehearsal corpus without names
START_SHARE = 0.5  # of the active weights, in those that come out
EVALUATIONS = 8  # of a run, beside that of its start
PROCESS_BYTES = 1.3e9  # peak of a process that trains, and of that which reads for it, whatever the batch
PIXEL_BYTES = 1600.0  # and for each pixel of a batch, with a classifier looking on; 1250 to 1580 were measured
SHEET_BYTES = 500_000  # of samples of one validation set


@dataclass(frozen=True)
class FineTuning:
    """What can be chosen. Raises TrainingError for what cannot be trained."""

    steps: int = 1200
    learning_rate: float = 2e-4  # of the decoder at its peak
    adversarial: bool = False  # a discriminator as well: slower, and it takes long to know the new pictures
    base_share: float = 0.5  # of each batch, 0 to 0.9
    crop: int = 192  # pixels, about as large as photographs are seen: learned from smaller ones, larger suffer
    batch_size: int = 12
    seed: int = 20261123

    def __post_init__(self) -> None:
        for right, said in (
            (self.steps >= EVALUATIONS, f"Training needs at least {EVALUATIONS} steps."),
            (0 < self.learning_rate <= 1e-2, "The learning rate must lie above 0 and at most at 0.01."),
            (0 <= self.base_share <= 0.9, "The share of the base corpus must lie between 0 and 0.9."),
            (self.crop >= 64 and self.crop % STRIDE == 0, f"The crop must be a multiple of {STRIDE}, from 64."),
            (self.batch_size >= 4, "A batch needs at least 4 pictures."),
        ):
            if not right:
                raise TrainingError(said)


@dataclass(frozen=True)
class Needs:
    """Estimates of the most that a run takes, in bytes."""

    memory: int  # of the training process and the one that reads pictures for it
    disk: int  # of the run folder


def open_base(path: Path | None, *, heed: Callable[[], None] = lambda: None) -> dict[str, PhotoSet]:
    """A rehearsal corpus: a folder of `<source>-train.zip`, or one folder or zip of photographs; None is none.

    What evaluation sees of a corpus (its `-val.zip`, or what is held out by digest) is left out. `heed` is PhotoSet's.
    Raises ImageError.
    """
    return {
        name: PhotoSet(trained, part="all" if validation else "train", heed=heed)
        for name, trained, validation in _sources(path)
    }


def open_held_out(path: Path | None, base: dict[str, PhotoSet]) -> dict[str, PhotoSet]:
    """What `open_base` has left out of the same corpus, by source; one that leaves out too few to go by has none."""
    found = {}
    for name, trained, validation in _sources(path):
        left_out = set(PhotoSet(validation or trained).names)
        if validation is None:
            left_out -= set(base[name].names)
        if len(left_out) >= COMPARED:
            found[name] = PhotoSet(validation or trained, names=left_out)
    return found


def _sources(path: Path | None) -> list[tuple[str, Path, Path | None]]:
    """Name, what is learned from, and the `-val.zip` where there is one."""
    if path is None:
        return []
    zips = sorted(path.glob("*-train.zip")) if path.is_dir() else []
    named = [(zipped.name.removesuffix("-train.zip"), zipped, validation_beside(zipped)) for zipped in zips]
    return named or [(BASE, path, None)]


def make_recipe(name: str, network: NetworkConfig, chosen: FineTuning, *, base: dict[str, PhotoSet]) -> Recipe:
    """The recipe for the sources NEW and `base`, validated on HOLDOUT; weights of that network are its start."""
    stage = Stage(
        "fine-tuning",
        chosen.steps,
        chosen.crop,
        _mix(chosen, base),
        decoder_lr=chosen.learning_rate,
        rehearses=tuple(base),
        l1_weight=0.2,
        bins_weight=0.1 if network.chroma_bins else 0.0,
        colorfulness_weight=1.0,  # with less, colors grow pale in the first minutes
        perceptual_weight=1.0,
        adversarial_weight=0.1 if chosen.adversarial else 0.0,
        discriminator_lr=chosen.learning_rate,
    )
    return Recipe(
        name,
        (stage,),
        network=network,
        validation=(HOLDOUT,),
        validation_pictures=64,
        validation_size=SHORT_SIDE,
        evaluate_every=max(1, chosen.steps // EVALUATIONS),
        start_share=START_SHARE,
        seed=chosen.seed,
    )


def _mix(chosen: FineTuning, base: dict[str, PhotoSet]) -> dict[str, int]:
    """New pictures and the base's sources, those by their sizes; each source gets a picture where there is room."""
    rehearsed = min(round(chosen.batch_size * chosen.base_share), chosen.batch_size - 1) if base else 0
    largest_first = sorted(base, key=lambda name: len(base[name]), reverse=True)[:rehearsed]
    mix = {NEW: chosen.batch_size - rehearsed} | dict.fromkeys(largest_first, 1)
    for _ in range(rehearsed - len(largest_first)):
        mix[max(largest_first, key=lambda name: len(base[name]) / mix[name])] += 1
    return mix


def what_it_needs(recipe: Recipe) -> Needs:
    """Memory by peaks of measured processes on a processor; disk by the sizes of what is written."""
    generator = Generator(recipe.network)
    weights = sum(tensor.numel() for tensor in generator.state_dict().values())
    trained = sum(p.numel() for name, p in generator.named_parameters() if not name.startswith("encoder."))
    judging = sum(p.numel() for p in ProjectedDiscriminator().parameters())
    pixels = max(stage.batch_size * stage.crop**2 for stage in recipe.stages)
    state = 4 * (2 * weights + 2 * trained + 3 * judging)  # float32: two networks, two moments; with a discriminator
    checkpoints = 1 + len(recipe.evaluations)
    sheets = len(recipe.validation) * SHEET_BYTES
    return Needs(
        memory=round(PROCESS_BYTES + PIXEL_BYTES * pixels),
        disk=2 * state + checkpoints * (3 * weights + sheets),  # a new state is written beside the old one
    )
