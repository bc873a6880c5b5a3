"""RunSettings, what staff choose for a training run: the defaults, and what may be chosen."""

from dataclasses import dataclass

from django.conf import settings as site
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from gallery.models import TrainingRun

# colorizer.finetuning has the same defaults and takes whatever these let through; a test compares.
FEWEST_STEPS, MOST_STEPS = 8, 1_000_000
HIGHEST_LEARNING_RATE, HIGHEST_BASE_SHARE = 0.01, 0.9
SMALLEST_CROP, LARGEST_CROP, CROP_STEP = 64, 256, 32
SMALLEST_BATCH, LARGEST_BATCH = 4, 64


@dataclass(frozen=True)
class RunSettings:
    steps: int = 1200
    learning_rate: float = 2e-4  # of the decoder at its peak
    adversarial: bool = False  # against a discriminator as well
    base_share: float = 0.5  # of each batch, from the corpus that must not be forgotten
    crop: int = 192  # pixels of a picture's side, as it is learned from
    batch_size: int = 12
    seed: int = 20261123

    @classmethod
    def of_row(cls, run: TrainingRun) -> "RunSettings":
        return cls(**run.settings)

    def problems(self) -> list[str]:
        """A sentence for each that cannot be trained with."""
        holds = (
            FEWEST_STEPS <= self.steps <= MOST_STEPS,
            0 < self.learning_rate <= HIGHEST_LEARNING_RATE,
            0 <= self.base_share <= HIGHEST_BASE_SHARE,
            SMALLEST_CROP <= self.crop <= LARGEST_CROP and self.crop % CROP_STEP == 0,
            SMALLEST_BATCH <= self.batch_size <= LARGEST_BATCH,
        )
        return [sentence for sentence, is_kept in zip(bounds_in_words(), holds, strict=True) if not is_kept]


def bounds_in_words() -> tuple[str, ...]:
    rate = {"most": number_format(HIGHEST_LEARNING_RATE)}
    share = {"most": number_format(HIGHEST_BASE_SHARE)}
    crop = {"step": CROP_STEP, "least": SMALLEST_CROP, "most": LARGEST_CROP}
    batch = {"least": SMALLEST_BATCH, "most": LARGEST_BATCH}
    return (
        _("The number of steps must be between %(least)d and %(most)d.") % {"least": FEWEST_STEPS, "most": MOST_STEPS},
        _("The learning rate must be above 0 and at most %(most)s.") % rate,
        _("The share of the base corpus must be between 0 and %(most)s.") % share,
        _("The crop must be a multiple of %(step)d between %(least)d and %(most)d.") % crop,
        _("The batch size must be between %(least)d and %(most)d.") % batch,
    )


def what_is_not_named(settings: RunSettings) -> list[str]:
    """What the run will do without, since no setting of the site names it."""
    notes = []
    if settings.base_share and site.PHOTOLAB_BASE_CORPUS is None:
        notes.append(
            _(
                "No base corpus is named (PHOTOLAB_BASE_CORPUS): nothing that the model knows is rehearsed, "
                "so it may forget."
            )
        )
    if site.PHOTOLAB_GOLDEN is None:
        notes.append(_("No golden set is named (PHOTOLAB_GOLDEN): the gate judges by the held-out pictures alone."))
    return notes
