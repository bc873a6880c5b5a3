"""How sure the model is of a photograph's colors, in words."""

from django.utils.translation import gettext as _

SURE_BELOW, ALL_ABOVE = 0.03, 0.9  # shares of the photograph


def doubt_sentence(share: float) -> str:
    """For the share 0..1 of the photograph where other answers were as likely."""
    if share < SURE_BELOW:
        return _("The model is nearly sure of these colors; that does not make them true.")
    if share > ALL_ABOVE:
        return _("Nearly all colors of this photograph are a guess.")
    parts = (
        (0.05, _("The colors of a small part of this photograph are a guess.")),
        (0.10, _("The colors of about a tenth of this photograph are a guess.")),
        (0.20, _("The colors of about a fifth of this photograph are a guess.")),
        (0.25, _("The colors of about a quarter of this photograph are a guess.")),
        (0.33, _("The colors of about a third of this photograph are a guess.")),
        (0.50, _("The colors of about half of this photograph are a guess.")),
        (0.67, _("The colors of about two thirds of this photograph are a guess.")),
        (0.80, _("The colors of most of this photograph are a guess.")),
    )
    return min(parts, key=lambda part: abs(part[0] - share))[1]
