"""The settings of a variant in plain words, for pages and the API."""

from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from gallery.variants import USUAL_NETWORK_SIZE, SettingsRefused, VariantSettings


def settings_in_words(told: dict[str, Any]) -> str:
    """What differs from the usual, as "more vivid (1.4), 2 colors told"; `told` is what VariantSettings.parse takes."""
    try:
        settings = VariantSettings.parse(told)
    except SettingsRefused:  # another release's, or changed by hand: no reason to show no page
        return _("settings that cannot be read")
    words = [
        _hints_in_words(settings),
        _grey_in_words(settings),
        _vividness_in_words(settings.vividness),
        _warmth_in_words(settings.warmth),
        _size_in_words(settings.network_size),
        _("evened out with its mirror image") if settings.flip_averaged else "",
        _("by version %(number)d") % {"number": settings.model_version} if settings.model_version else "",
    ]
    return ", ".join(filter(None, words)) or _("as the model colors on its own")


def _hints_in_words(settings: VariantSettings) -> str:
    """A stroke is a row of spots of one color, so colors are counted and not spots."""
    count = len({spot.color for spot in settings.hints})
    return ngettext("%(count)d color told", "%(count)d colors told", count) % {"count": count} if count else ""


def _grey_in_words(settings: VariantSettings) -> str:
    return _("parts kept grey") if settings.keep_grey else ""


def _vividness_in_words(vividness: float) -> str:
    number = {"number": number_format(vividness)}
    if vividness == 0:
        return _("without color")
    if vividness == 1:
        return ""
    return _("more vivid (%(number)s)") % number if vividness > 1 else _("calmer (%(number)s)") % number


def _warmth_in_words(warmth: float) -> str:
    number = {"number": number_format(abs(warmth))}
    if warmth == 0:
        return ""
    return _("warmer (%(number)s)") % number if warmth > 0 else _("cooler (%(number)s)") % number


def _size_in_words(size: int) -> str:
    if size == USUAL_NETWORK_SIZE:
        return ""
    return _("looked at more closely") if size > USUAL_NETWORK_SIZE else _("looked at from farther away")
