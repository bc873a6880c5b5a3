"""What visitors fill in, beyond the account's forms."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from gallery.services import ShareTerms
from gallery.services.sharing import DEFAULT_DAYS, LONGEST_PASSWORD, SHORTEST_PASSWORD

NEVER = "never"


class ShareForm(forms.Form):
    """Terms of a link. That it never ends is one of the choices, and not the first."""

    expires = forms.ChoiceField(
        label=_("The link ends after"),
        choices=[
            ("1", _("1 day")),
            ("7", _("7 days")),
            ("30", _("30 days")),
            ("90", _("90 days")),
            ("365", _("1 year")),
            (NEVER, _("never: it stays open until you take it back")),
        ],
        initial=str(DEFAULT_DAYS),
    )
    password = forms.CharField(
        label=_("Password"),
        required=False,
        strip=False,
        min_length=SHORTEST_PASSWORD,
        max_length=LONGEST_PASSWORD,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("Send it another way than the link."),
    )
    allow_download = forms.BooleanField(label=_("Offer the files for download"), required=False, initial=True)
    mark = forms.BooleanField(label=_("Put a small mark into the corner of pictures in color"), required=False)
    show_location = forms.BooleanField(
        label=_("Leave place, camera and all other notes in the files"),
        required=False,
        help_text=_("Otherwise they are copied without them. Files with a mark never have them."),
    )

    def terms(self) -> ShareTerms:
        given: dict[str, Any] = dict(self.cleaned_data)
        expires = given.pop("expires")
        return ShareTerms(expires_days=None if expires == NEVER else int(expires), **given)
