"""Template tags that turn rows into words and markup for the pages.

Only presentation lives here; queries, rules and permissions do not.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django import template
from django.forms import BoundField, CheckboxInput, PasswordInput
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext

from gallery.dates import TakenOn, words_of
from gallery.figures import in_four_digits, written
from gallery.sentences import said
from gallery.settings_words import settings_in_words

register = template.Library()

# The classes .ar-5 ... .ar-24 in static/css/gallery.css stand for these ratios times ten.
NARROWEST, WIDEST = 5, 24


@register.simple_tag
def icon(name: str) -> SafeString:
    """A decorative picture from the sprite; the words beside it carry the meaning."""
    return format_html(
        '<svg class="icon" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        static("icons/sprite.svg"),
        name,
    )


@register.filter
def aspect_class(photo: Any) -> str:
    """The class that reserves a box of the photo's shape, since style attributes are refused."""
    if not photo.width or not photo.height:
        return "ar-10"
    tenths = Decimal(photo.width * 10) / Decimal(photo.height)
    nearest = int(tenths.quantize(Decimal(1), rounding=ROUND_HALF_UP))
    return f"ar-{min(max(nearest, NARROWEST), WIDEST)}"


@register.filter
def about_time(seconds: float | None) -> str:
    """An expected time in round words: "about 10 seconds", "about 3 minutes"."""
    if seconds is None:
        return ""
    if seconds < 5:
        return gettext("a few seconds")
    if seconds < 55:
        tens = max(10, round(seconds / 10) * 10)
        return gettext("about %(count)d seconds") % {"count": tens}
    minutes = max(1, round(seconds / 60))
    if minutes < 90:
        return ngettext("about %(count)d minute", "about %(count)d minutes", minutes) % {"count": minutes}
    hours = round(minutes / 60)
    return ngettext("about %(count)d hour", "about %(count)d hours", hours) % {"count": hours}


@register.filter
def took_time(seconds: float | None) -> str:
    """A measured time: "1.4 seconds", "2 min 5 s"."""
    if seconds is None:
        return ""
    if seconds < 60:
        return gettext("%(count)s seconds") % {"count": written(seconds, 1)}
    minutes, rest = divmod(round(seconds), 60)
    return gettext("%(minutes)d min %(seconds)d s") % {"minutes": minutes, "seconds": rest}


@register.filter
def short_digest(digest: str) -> str:
    return digest[:12]


@register.filter
def settings_words(settings: dict[str, Any]) -> str:
    """What a generator was told: "more vivid (1.4), 2 colors told"."""
    return settings_in_words(settings)


@register.filter
def taken_words(photo: Any) -> str:
    """When a photograph was taken, as far as it is known: "1923", "June 1923"; empty when nobody knows."""
    taken = TakenOn.of(photo)
    return words_of(taken) if taken else ""


@register.filter
def taken_text(photo: Any) -> str:
    """The same as read_date reads it: "1923", "1923-06"."""
    return str(TakenOn.of(photo) or "")


@register.filter
def figure(value: Any) -> str:
    """A measured number in four digits; what is none as it stands, and nothing as a dash."""
    if value is None:
        return "-"
    return in_four_digits(value) if isinstance(value, float) else str(value)


@register.filter
def in_own_language(sentence: str) -> str:
    """What a worker or another program has said, in the reader's language."""
    return said(sentence)


@register.inclusion_tag("gallery/_field.html")
def field(bound: BoundField, label: str = "", hint: str = "") -> dict[str, Any]:
    """One labeled form field with its hint and its errors, in the same shape everywhere."""
    return {
        "bound": bound,
        # A label is always shown, so a placeholder would only repeat it.
        "widget": bound.as_widget(attrs={"placeholder": False}),
        "label": label or bound.label,
        "hint": hint or bound.help_text,
        "is_checkbox": isinstance(bound.field.widget, CheckboxInput),
        "is_password": isinstance(bound.field.widget, PasswordInput),
    }
