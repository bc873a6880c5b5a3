"""Collected pictures and consent in the admin. Starting a run and uploading a set have modules of their own."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponseBase
from django.urls import URLPattern, path, reverse
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from gallery import admission, services
from gallery.admin.base import KeptByServices, Log, WithPages, told
from gallery.admin.set_upload import SetUpload
from gallery.admin.starting import StartPage
from gallery.delivery import answer_file
from gallery.models import CollectedImage, KeptOut, Origin, TrainingConsent
from gallery.templatetags.gallery_display import short_digest

MOST_OWNERS = 50
REASONS = {
    "grey": (_("Grey or toned"), admission.GREY),
    "pale": (_("Hardly any color"), admission.PALE),
    "small": (_("Too small"), admission.SMALL),
    "near": (_("Nearly the same as another"), admission.NEAR),
}
OTHER_REASONS = "other"
SHORT_ORIGINS = {
    Origin.COLOR_UPLOAD: _("upload"),
    Origin.STAFF_UPLOAD: _("staff"),
    Origin.ACCEPTED_RESULT: _("result"),
}


class ReasonFilter(admin.SimpleListFilter):
    title = _("reason")
    parameter_name = "why"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return [*((name, title) for name, (title, _beginning) in REASONS.items()), (OTHER_REASONS, _("Another reason"))]

    def queryset(self, request: HttpRequest, images: QuerySet[CollectedImage]) -> QuerySet[CollectedImage]:
        if self.value() in REASONS:
            return images.filter(reason__startswith=REASONS[self.value()][1])
        if self.value() != OTHER_REASONS:
            return images
        for _title, beginning in REASONS.values():
            images = images.exclude(reason__startswith=beginning)
        return images.exclude(reason="")


class OwnerFilter(admin.SimpleListFilter):
    """Those with the most pictures, not everybody who has an account."""

    title = _("owner")
    parameter_name = "owner"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> Iterator[tuple[str, str]]:
        counted = CollectedImage.objects.order_by().values_list("owner_id", "owner__username")
        most = counted.annotate(count=Count("pk")).order_by("-count", "owner__username")
        return ((str(pk), f"{name} ({count})") for pk, name, count in most[:MOST_OWNERS])

    def queryset(self, request: HttpRequest, images: QuerySet[CollectedImage]) -> QuerySet[CollectedImage]:
        value = self.value() or ""
        return images.filter(owner=int(value)) if value.isdecimal() else images


class ReasonedActionForm(ActionForm):
    reason = forms.CharField(
        required=False,
        max_length=500,
        label=_("Reason:"),
        widget=forms.TextInput(attrs={"placeholder": _("to exclude")}),
    )


@admin.register(CollectedImage)
class CollectedImageAdmin(StartPage, SetUpload, WithPages, KeptByServices):
    list_display = ("thumbnail", "id", "status", "told_reason", "came_as", "owner", "colors", "size", "since")
    list_display_links = ("thumbnail", "id")
    list_filter = ("status", ReasonFilter, "origin", OwnerFilter, "created_at")
    search_fields = ("=id", "owner__username", "=digest", "reason")
    list_select_related = ("owner",)
    date_hierarchy = "created_at"
    action_form = ReasonedActionForm
    actions = ("include_images", "exclude_images", "start_retraining")
    change_list_template = "admin/gallery/collectedimage/list.html"
    told_reason = told("reason", _("reason"))

    def get_fields(self, request: HttpRequest, obj: CollectedImage | None = None) -> tuple[str, ...]:
        facts = ("picture", "owner", "origin", "status", "told_reason", "decided_by", "decided_at", "consented_at")
        return (*facts, "versions", "colorfulness", "width", "height", "byte_size", "digest", "phash", "created_at")

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("<int:image_id>/<str:kind>.jpg", wrap(self.file_view), name="gallery_collectedimage_file"),
            *super().get_urls(),
        ]

    def file_view(self, request: HttpRequest, image_id: int, kind: str) -> HttpResponseBase:
        image = self.find(request, image_id)
        key = {"thumb": image.thumb_key, "picture": image.file_key}.get(kind)
        if not key:
            raise Http404
        return answer_file(
            request, key, file_format="JPEG", download_name=f"picture-{image.pk}-{kind}.jpg", as_attachment=False
        )

    @admin.display(description=_("thumbnail"))
    def thumbnail(self, image: CollectedImage) -> SafeString | str:
        return self._img(image, "thumb", 'height="64"') if image.thumb_key else gettext("unreadable")

    @admin.display(description=_("picture"))
    def picture(self, image: CollectedImage) -> SafeString | str:
        if not image.file_key:
            return gettext("It could not be read.")
        return self._img(image, "picture", 'class="loop-picture"')

    def _img(self, image: CollectedImage, kind: str, attributes: str) -> SafeString:
        address = reverse("admin:gallery_collectedimage_file", args=[image.pk, kind])
        return format_html(f'<img src="{{}}" alt="{{}}" loading="lazy" {attributes}>', address, capfirst(str(image)))

    @admin.display(description=_("size"))
    def size(self, image: CollectedImage) -> str:
        return f"{image.width}\u00a0x\u00a0{image.height}"

    @admin.display(description=_("origin"), ordering="origin")
    def came_as(self, image: CollectedImage) -> str:
        return str(SHORT_ORIGINS[Origin(image.origin)])

    @admin.display(description=_("colorfulness"), ordering="colorfulness")
    def colors(self, image: CollectedImage) -> str:
        return f"{image.colorfulness:.0f}"

    @admin.display(description=_("collected"), ordering="created_at")
    def since(self, image: CollectedImage) -> str:
        return date_format(image.created_at, gettext("j M Y"))

    @admin.display(description=_("versions that learned from it"))
    def versions(self, image: CollectedImage) -> SafeString | str:
        pages = (
            (reverse("admin:gallery_modelversion_change", args=[v.pk]), v)
            for v in services.versions_that_saw(image.digest)
        )
        return format_html_join(", ", '<a href="{}">{}</a>', pages) or gettext("none")

    def has_decide_permission(self, request: HttpRequest) -> bool:
        """To include and exclude needs the right to change pictures, although no form changes one."""
        return request.user.has_perm("gallery.change_collectedimage")

    @admin.action(description=_("Include the selected images in training"), permissions=["decide"])
    def include_images(self, request: HttpRequest, queryset: QuerySet[CollectedImage]) -> None:
        included = services.include_images(queryset.values_list("pk", flat=True), request.user)
        some = gettext("%(done)d images included; %(others)d were included or cannot be read.")
        others = queryset.count() - included
        self._tell(request, gettext("%(done)d images included."), some, done=included, others=others)

    @admin.action(description=_("Exclude the selected images from training"), permissions=["decide"])
    def exclude_images(self, request: HttpRequest, queryset: QuerySet[CollectedImage]) -> None:
        ids, reason = list(queryset.values_list("pk", flat=True)), request.POST.get("reason", "")
        excluded = services.exclude_images(ids, request.user, reason=reason[:500])
        some = gettext("%(done)d images excluded; %(others)d were excluded already.")
        self._tell(request, gettext("%(done)d images excluded."), some, done=excluded, others=len(ids) - excluded)

    def _tell(self, request: HttpRequest, all_done: str, some_done: str, **counts: int) -> None:
        if counts["others"]:
            self.message_user(request, some_done % counts, messages.WARNING)
        else:
            self.message_user(request, all_done % counts, messages.SUCCESS)

    def delete_model(self, request: HttpRequest, obj: CollectedImage) -> None:
        services.delete_images([obj.pk], request.user)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[CollectedImage]) -> None:
        services.delete_images(queryset.values_list("pk", flat=True), request.user)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:
        rights = {"may_start": self.has_start_permission(request), "may_upload": self.has_upload_permission(request)}
        return super().changelist_view(request, {**(extra_context or {}), **rights})


@admin.register(KeptOut)
class KeptOutAdmin(KeptByServices):
    """Who deletes a row takes the decision back: what its owner allows is collected again."""

    list_display = ("short_digest", "owner", "told_reason", "decided_by", "decided_at")
    change_list_template = "admin/gallery/keptout/list.html"
    told_reason = told("reason", _("reason"))
    list_filter = ("decided_at",)
    search_fields = ("=digest", "owner__username", "reason")
    list_select_related = ("owner", "decided_by")

    @admin.display(description=_("digest"), ordering="digest")
    def short_digest(self, kept_out: KeptOut) -> str:
        return short_digest(kept_out.digest)


@admin.register(TrainingConsent)
class TrainingConsentAdmin(Log):
    list_display = ("user", "photo", "is_given", "said_at")
    list_filter = ("is_given", "said_at")
    search_fields = ("user__username", "photo__file_name")
    list_select_related = ("user", "photo")
