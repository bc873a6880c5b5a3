"""What a network and a training run are made of: frozen dataclasses and the recipes that the project ships.

Nothing here does any work; a recipe is data, so that a card can repeat it word for word.
"""

import itertools
from dataclasses import dataclass, field, replace

HOLDOUT = "holdout"  # the photographs of a retraining that are kept from it


@dataclass(frozen=True)
class NetworkConfig:
    """The shape of the generator; it must be known to load weights strictly."""

    encoder: str = "efficientnet-lite0"
    bottleneck_channels: int = 320
    decoder_channels: tuple[int, int, int, int] = (256, 192, 128, 64)  # strides 16, 8, 4, 2
    attention_blocks: int = 0  # at stride 16
    chroma_bins: bool = False  # predict a distribution over chroma at stride 4, then refine its mean
    hints: bool = False  # listen to colors that it is told
    hint_scale: float = 1.0  # of their planes, where chroma is in units of AB_MAX: at 1 they are too faint to be heard
    alike_channels: int = 0  # of an embedding by which told colors spread (`spreading`)
    chroma_gain: float = 1.0  # of what comes out; set when weights are made: training ends paler than the truth
    focus: float = 0.0  # how much of a picture's chroma goes from where the network is unsure to where it is sure


@dataclass(frozen=True)
class Stage:
    """One leg of a recipe: what is learned, on what size of crop, how fast."""

    name: str
    steps: int
    crop: int  # pixels, a multiple of 32
    batch: dict[str, int]  # pictures of each source in a batch
    decoder_lr: float
    encoder_lr: float = 0.0  # 0 freezes the encoder, its batch norms included
    encoder_from: int = 0  # of its seven groups the first that learns; deep ones are small, so they learn cheaply
    l1_weight: float = 1.0
    bins_weight: float = 0.0  # of the cross entropy of the distribution over chroma
    rehearses: tuple[str, ...] = ()  # sources whose pictures keep the colors that the run's first weights give them
    bins_uniform: float = 0.5  # 1 weights all colors alike, 0 each by how rare it is (lambda of Zhang 2016)
    colorfulness_weight: float = 0.0  # of the distance of each picture's colorfulness to the truth's
    perceptual_weight: float = 0.0  # of the distance in the features of a classifier
    adversarial_weight: float = 0.0  # 0 trains without a discriminator
    discriminator: str = "projected"  # or "patch"
    discriminator_lr: float = 0.0

    @property
    def batch_size(self) -> int:
        return sum(self.batch.values())

    @property
    def places(self) -> list[str]:
        """The source of each picture of a batch."""
        return [name for name, count in self.batch.items() for _ in range(count)]

    @property
    def refines(self) -> bool:
        """Whether any loss looks at the chroma that comes out, and not at the bins alone."""
        return any((self.l1_weight, self.colorfulness_weight, self.perceptual_weight, self.adversarial_weight))


@dataclass(frozen=True)
class Recipe:
    """A whole training run. Its sources have names; the command line takes them from files called so.

    They are `<name>-train.zip` and `<name>-val.zip` in the data folder. A source without `-val.zip` gives a fiftieth
    of its pictures, by their digests, to validation.
    """

    name: str
    stages: tuple[Stage, ...]
    network: NetworkConfig = field(default_factory=NetworkConfig)
    validation: tuple[str, ...] = ("scenes", "objects")
    validation_pictures: int = 96  # of each source, the same ones at each evaluation
    validation_size: int = 192  # pixels, the short side the network sees
    evaluate_every: int = 250  # steps
    ema_decay: float = 0.995
    start_share: float = 0.0  # of the weights that the run begins with, in those that come out of it
    seed: int = 20261123

    @property
    def steps(self) -> int:
        return sum(stage.steps for stage in self.stages)

    @property
    def rehearsed(self) -> list[str]:
        """The sources of which any stage rehearses pictures."""
        return sorted({name for stage in self.stages for name in stage.rehearses if name in stage.batch})

    def stage_at(self, step: int) -> Stage:
        """The stage that step `step`, from 1, belongs to."""
        ends = itertools.accumulate(stage.steps for stage in self.stages)
        return next(stage for stage, end in zip(self.stages, ends, strict=True) if step <= end)

    @property
    def evaluations(self) -> tuple[int, ...]:
        """The steps after which the run is evaluated: every so many, and at each stage's end."""
        ends = itertools.accumulate(stage.steps for stage in self.stages)
        return tuple(sorted({*ends, *range(self.evaluate_every, self.steps + 1, self.evaluate_every)}))


_SMALL = {"scenes": 10, "objects": 8, "tiny": 14}
_LARGER = {"scenes": 13, "objects": 11, "tiny": 8}  # tiny pictures are blurred when enlarged
_DIVERSE = {"scenes": 8, "objects": 12, "tiny": 12}  # but show the most kinds of things
_ADVERSARIAL = Stage(
    "adversarial",
    1000,
    128,
    _LARGER,
    decoder_lr=4e-4,
    encoder_lr=4e-5,
    encoder_from=5,
    l1_weight=0.2,
    bins_weight=0.1,
    colorfulness_weight=0.3,
    perceptual_weight=1.0,
    adversarial_weight=0.1,
    discriminator_lr=2e-4,
)
_LONGER = replace(
    _ADVERSARIAL,
    name="longer",
    steps=3200,
    batch=_DIVERSE,
    decoder_lr=5e-4,
    encoder_lr=1e-4,
    encoder_from=3,
    bins_uniform=0.8,
)
_LISTENING = NetworkConfig(decoder_channels=(256, 192, 128, 48), attention_blocks=2, chroma_bins=True, hints=True)
_HEARING = replace(_LISTENING, hint_scale=5.0)  # what is usual becomes about 1, as the features beside it are

RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            name="photolab-2",
            stages=(
                Stage("bins", 4000, 96, _SMALL, decoder_lr=2e-3, l1_weight=0.0, bins_weight=0.1),
                Stage(
                    "deeper",
                    1200,
                    128,
                    _LARGER,
                    decoder_lr=1e-3,
                    encoder_lr=1e-4,
                    encoder_from=3,
                    l1_weight=0.0,
                    bins_weight=0.1,
                ),
                _ADVERSARIAL,
            ),
            network=_LISTENING,
            validation=("scenes", "objects", "tiny"),
            ema_decay=0.999,
            evaluate_every=500,
        ),
        Recipe(  # goes on from photolab-2
            name="photolab-3",
            stages=(_LONGER,),
            network=replace(_HEARING, chroma_gain=1.2),
            validation=("scenes", "objects", "tiny"),
            ema_decay=0.999,
            evaluate_every=500,
        ),
        Recipe(  # goes on from photolab-3, on crops about as large as photographs are seen
            name="photolab-4",
            stages=(
                replace(
                    _LONGER,
                    name="larger",
                    steps=2200,
                    crop=192,
                    batch={"scenes": 7, "objects": 5, "tiny": 4},
                    decoder_lr=4e-4,
                    encoder_lr=8e-5,
                ),
            ),
            network=replace(_HEARING, chroma_gain=1.55),
            validation=("scenes", "objects", "tiny"),
            validation_size=256,
            ema_decay=0.999,
            start_share=0.3,
            evaluate_every=500,
        ),
        Recipe(
            name="smoke",
            stages=(
                Stage("bins", 4, 64, {"scenes": 2, "objects": 2}, decoder_lr=1e-3, l1_weight=0.0, bins_weight=0.1),
                Stage(
                    "perceptual",
                    4,
                    64,
                    {"scenes": 2, "objects": 2},
                    decoder_lr=1e-3,
                    bins_weight=0.1,
                    colorfulness_weight=0.1,
                    perceptual_weight=1.0,
                ),
                Stage(
                    "adversarial",
                    4,
                    64,
                    {"scenes": 2, "objects": 2},
                    decoder_lr=1e-4,
                    encoder_lr=1e-5,
                    encoder_from=5,
                    l1_weight=60.0,
                    bins_weight=0.1,
                    perceptual_weight=1.0,
                    adversarial_weight=0.4,
                    discriminator_lr=1e-4,
                ),
            ),
            network=_LISTENING,
            validation_pictures=2,
            validation_size=64,
            evaluate_every=4,
        ),
    )
}
