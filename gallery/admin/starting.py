"""The page that shows a plan of retraining and starts it: part of the admin of collected images."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.decorators import method_decorator
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from gallery import services
from gallery.admin.base import WithPages
from gallery.models import CollectedImage
from gallery.rights import START_TRAINING
from gallery.services import RunSettings
from gallery.wording import ALL, describe_plan, is_in_the_queue, read_selection, why_it_may_wait, write_selection

USUAL = RunSettings()


class StartForm(forms.Form):
    """Numbers, or else an error beside the field; which numbers can be trained with is the plan's to say."""

    SETTINGS = ("steps", "learning_rate", "base_share", "adversarial", "batch_size", "crop")

    images = forms.CharField(widget=forms.HiddenInput, max_length=200_000)
    steps = forms.IntegerField(
        label=_("Steps"), initial=USUAL.steps, help_text=_("Each step learns from one batch of pictures.")
    )
    learning_rate = forms.FloatField(
        label=_("Learning rate"),
        initial=USUAL.learning_rate,
        help_text=_("How far each step goes. Higher learns faster and forgets more."),
        widget=forms.NumberInput(attrs={"step": "any"}),
    )
    base_share = forms.FloatField(
        label=_("Share of base corpus"),
        initial=USUAL.base_share,
        help_text=_("Of each batch, so that the model does not forget what it could: 0 is none, 0.5 is half."),
        widget=forms.NumberInput(attrs={"step": "any"}),
    )
    adversarial = forms.BooleanField(
        label=_("Adversarial"),
        required=False,
        initial=USUAL.adversarial,
        help_text=_("Also train against a discriminator: livelier colors, more time, more risk."),
    )
    batch_size = forms.IntegerField(
        label=_("Batch size"),
        initial=USUAL.batch_size,
        help_text=_("Pictures in a batch. Fewer need less memory."),
    )
    crop = forms.IntegerField(
        label=_("Crop"),
        initial=USUAL.crop,
        help_text=_("Pixels of a picture's side, as it is learned from. Fewer need less memory."),
    )
    note = forms.CharField(
        label=pgettext_lazy("of a run", "Note"),
        required=False,
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("What the run is for. It stays with the run and its version."),
    )

    def clean_images(self) -> list[int] | None:
        try:
            return read_selection(self.cleaned_data["images"])
        except ValueError as error:
            raise forms.ValidationError(str(error)) from error

    def run_settings(self) -> RunSettings:
        return RunSettings(**{name: self.cleaned_data[name] for name in self.SETTINGS})


class StartPage(WithPages):
    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(self.start_view)
        return [path("retrain/", page, name="gallery_collectedimage_retrain"), *super().get_urls()]

    def has_start_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(START_TRAINING)

    @admin.action(description=_("Start retraining on the selected images"), permissions=["start"])
    def start_retraining(self, request: HttpRequest, queryset: QuerySet[CollectedImage]) -> HttpResponseBase:
        selected = write_selection(sorted(queryset.values_list("pk", flat=True)))
        return self._show_plan(request, StartForm(initial={"images": selected}), USUAL, selected)

    @method_decorator(require_http_methods(["GET", "HEAD", "POST"]))
    def start_view(self, request: HttpRequest) -> HttpResponseBase:
        self.require(request, START_TRAINING)
        if request.method != "POST":
            return self._show_plan(request, StartForm(initial={"images": ALL}), USUAL, ALL)
        form = StartForm(request.POST)
        if not form.is_valid():
            return self._show_plan(request, form, USUAL, request.POST.get("images", ALL))
        selected = write_selection(form.cleaned_data["images"])
        if "start" not in request.POST:
            return self._show_plan(request, form, form.run_settings(), selected)
        try:
            run = services.start_run(
                request.user,
                form.run_settings(),
                image_ids=form.cleaned_data["images"],
                note=form.cleaned_data["note"],
            )
        except services.TrainingRefused as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
            return self._show_plan(request, form, form.run_settings(), selected)
        self.message_user(request, is_in_the_queue(run), messages.SUCCESS)
        return redirect("admin:gallery_trainingrun_change", run.pk)

    def _show_plan(
        self, request: HttpRequest, form: StartForm, settings: RunSettings, selected: str
    ) -> HttpResponseBase:
        try:
            image_ids = read_selection(selected)
        except ValueError:
            image_ids = []
        plan = services.plan_run(settings, image_ids=image_ids)
        context: dict[str, Any] = {
            "form": form,
            "plan": plan,
            "facts": describe_plan(plan),
            "is_all": image_ids is None,
            "waits": why_it_may_wait(),
        }
        return self.show(request, "retrain", title=gettext("Start retraining"), **context)
