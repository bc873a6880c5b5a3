"""What is filled in for programs: a key's name, scopes and end; the address of a webhook."""

from datetime import timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from gallery.models import Scope

NEVER = "never"


class KeyForm(forms.Form):
    name = forms.CharField(
        label=_("Name"), max_length=100, help_text=_("So that you know it again, such as “scanner in the attic”.")
    )
    scopes = forms.MultipleChoiceField(
        label=_("It may"), widget=forms.CheckboxSelectMultiple, initial=[Scope.READ, Scope.UPLOAD, Scope.COLOR]
    )
    valid_for = forms.ChoiceField(
        label=_("It ends after"),
        choices=[("30", _("30 days")), ("90", _("90 days")), ("365", _("1 year")), (NEVER, _("when you revoke it"))],
        initial="365",
    )

    def __init__(self, data: Any, *, is_staff: bool) -> None:
        super().__init__(data)
        self.fields["scopes"].choices = [
            (value, label) for value, label in Scope.choices if is_staff or value != Scope.TRAIN
        ]

    def terms(self) -> dict[str, Any]:
        """Arguments of services.make_key."""
        given: dict[str, Any] = dict(self.cleaned_data)
        days = given["valid_for"]
        return {**given, "valid_for": None if days == NEVER else timedelta(days=int(days))}


class WebhookForm(forms.Form):
    url = forms.URLField(
        label=_("Address"),
        max_length=500,
        assume_scheme="https",
        widget=forms.URLInput(attrs={"placeholder": False, "autocomplete": "url"}),
        help_text=_("Where a server of yours takes POST requests."),
    )

    def clean_url(self) -> str:
        url: str = self.cleaned_data["url"]
        if not url.lower().startswith(("https://", "http://")):
            raise forms.ValidationError(_("The address must begin with https:// or http://."))
        if "@" in url.split("/")[2]:
            raise forms.ValidationError(_("Leave name and password out of the address; every request is signed."))
        return url
