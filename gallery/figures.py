"""The figures that versions are judged by: what each is called, what it says, and how it is written."""

from dataclasses import dataclass


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
        return f"{value * 100:.1f} %" if self.is_share else f"{value:.{self.digits}f}"


FIGURES = {
    "ciede2000": Figure(
        "Distance from the true colors",
        "The mean difference between the colored and the true photograph, as CIEDE2000 counts it: about 1 is just "
        "visible beside each other, 10 is another color. Lower is better.",
        digits=2,
    ),
    "psnr_ab": Figure(
        "Nearness of the chroma, in decibels",
        "The same question asked of chroma alone (PSNR). Higher is better, but pale averages are rewarded, so it never "
        "decides alone.",
    ),
    "colorfulness": Figure(
        "Colorfulness",
        "How much color there is (Hasler and Süsstrunk 2003): 0 is none, 15 slight, 45 average, 82 much. Best where "
        "that of the true photographs is.",
        says_of_truth=True,
    ),
    "colorfulness_gap": Figure(
        "Distance from the true colorfulness",
        "How much more or less color a picture has than the true one, on average. Lower is better.",
    ),
    "colorfulness_gap_of_means": Figure(
        "Distance of the mean colorfulness",
        "Whether all pictures together are too pale or too gaudy. Lower is better.",
    ),
    "no_color_share": Figure(
        "Pictures left without color",
        "The share of pictures whose colorfulness is below 5. Lower is better.",
        is_share=True,
    ),
    "outside_gamut_share": Figure(
        "Colors that no screen shows",
        "The share of pixels whose color lies outside sRGB and has to give way. Lower is better.",
        is_share=True,
    ),
    "skin_share": Figure(
        "Skin colored as skin",
        "Of the true skin, the share that gets a color of skin. Higher is better.",
        is_share=True,
    ),
    "kernel_distance": Figure(
        "Unlikeness to photographs",
        "How unlike true photographs the pictures look as a crowd, to another network (kernel distance). Lower is "
        "better.",
        digits=4,
    ),
    "recovery": Figure(
        "Help to a classifier",
        "How much of what a classifier loses without color the colors give back. Higher is better.",
        is_share=True,
    ),
    "light_change_p999": Figure(
        "Change of the light",
        "How far the photograph's own light is changed, in its most changed places. Lower is better.",
        digits=2,
    ),
    "seconds_per_picture": Figure(
        "Seconds for one picture", "What the network takes for one picture. Lower is better.", digits=2
    ),
}
