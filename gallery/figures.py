"""The figures that versions are judged by: what each is called, what it says, and how it is written."""

import math
from dataclasses import dataclass

from django.utils.formats import number_format
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Figure:
    title: str
    explained: str
    is_share: bool = False
    digits: int = 1
    says_of_truth: bool = False  # the others are distances from it

    def show(self, value: float | None) -> str:
        if value is None:
            return "-"
        return f"{written(value * 100, 1)} %" if self.is_share else written(value, self.digits)


def written(value: float, digits: int) -> str:
    """As the reader's language writes numbers, and no "-0.00"."""
    return number_format(round(value, digits) + 0.0, digits)


def in_four_digits(value: float) -> str:
    """For a number of which nobody knows how large it may be."""
    text = f"{value:.4g}"
    return text if "e" in text or not math.isfinite(value) else number_format(text)


FIGURES = {
    "ciede2000": Figure(
        _("Distance from the true colors"),
        _(
            "The mean difference between the colored and the true photograph, as CIEDE2000 counts it: about 1 is just "
            "visible beside each other, 10 is another color. Lower is better."
        ),
        digits=2,
    ),
    "psnr_ab": Figure(
        _("Nearness of the chroma, in decibels"),
        _(
            "The same question asked of chroma alone (PSNR). Higher is better, but pale averages are rewarded, so it "
            "never decides alone."
        ),
    ),
    "colorfulness": Figure(
        _("Colorfulness"),
        _(
            "How much color there is (Hasler and Süsstrunk 2003): 0 is none, 15 slight, 45 average, 82 much. Best "
            "where that of the true photographs is."
        ),
        says_of_truth=True,
    ),
    "colorfulness_gap": Figure(
        _("Distance from the true colorfulness"),
        _("How much more or less color a picture has than the true one, on average. Lower is better."),
    ),
    "colorfulness_gap_of_means": Figure(
        _("Distance of the mean colorfulness"),
        _("Whether all pictures together are too pale or too gaudy. Lower is better."),
    ),
    "no_color_share": Figure(
        _("Pictures left without color"),
        _("The share of pictures whose colorfulness is below 5. Lower is better."),
        is_share=True,
    ),
    "outside_gamut_share": Figure(
        _("Colors that no screen shows"),
        _("The share of pixels whose color lies outside sRGB and has to give way. Lower is better."),
        is_share=True,
    ),
    "skin_share": Figure(
        _("Skin colored as skin"),
        _("Of the true skin, the share that gets a color of skin. Higher is better."),
        is_share=True,
    ),
    "kernel_distance": Figure(
        _("Unlikeness to photographs"),
        _(
            "How unlike true photographs the pictures look as a crowd, to another network (kernel distance). Lower is "
            "better."
        ),
        digits=4,
    ),
    "recovery": Figure(
        _("Help to a classifier"),
        _("How much of what a classifier loses without color the colors give back. Higher is better."),
        is_share=True,
    ),
    "light_change_p999": Figure(
        _("Change of the light"),
        _("How far the photograph's own light is changed, in its most changed places. Lower is better."),
        digits=2,
    ),
    "seconds_per_picture": Figure(
        _("Seconds for one picture"), _("What the network takes for one picture. Lower is better."), digits=2
    ),
}
