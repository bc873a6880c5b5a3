"""Photos, their jobs, results and previews in the admin."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from gallery import services
from gallery.admin.base import DeletedByServices, KeptByServices, told
from gallery.models import Job, Photo, Preview, Result
from gallery.variants import SettingsRefused
from gallery.views.stored import answer_photo_file, answer_result_file


def thumbnail_of_photo(photo: Photo) -> SafeString:
    return format_html(
        '<img src="{}" alt="" height="64" loading="lazy">', reverse("admin:gallery_photo_thumb", args=[photo.pk])
    )


def thumbnail_of_result(result: Result) -> SafeString:
    return format_html(
        '<img src="{}" alt="" height="64" loading="lazy">', reverse("admin:gallery_result_thumb", args=[result.pk])
    )


def _is_retried(photo_id: int) -> bool:
    try:
        return services.retry_photo(photo_id) is not None
    except SettingsRefused:
        return False


@admin.register(Photo)
class PhotoAdmin(DeletedByServices, KeptByServices):
    list_display = ("thumbnail", "file_name", "owner", "size", "format", "state", "uploaded_at")
    list_display_links = ("thumbnail", "file_name")
    list_filter = ("format", "has_color", "jobs__status", "uploaded_at")
    search_fields = ("file_name", "owner__username", "owner__email", "=digest")
    list_select_related = ("owner",)
    date_hierarchy = "uploaded_at"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Photo]:
        return super().get_queryset(request).with_state()

    def get_urls(self) -> list[URLPattern]:
        thumb = path("<int:photo_id>/thumb/", self.admin_site.admin_view(self.thumb_view), name="gallery_photo_thumb")
        return [thumb, *super().get_urls()]

    def thumb_view(self, request: HttpRequest, photo_id: int) -> HttpResponseBase:
        if not self.has_view_permission(request):
            raise Http404
        return answer_photo_file(request, get_object_or_404(Photo, pk=photo_id), "thumb", as_attachment=False)

    @admin.display(description="")
    def thumbnail(self, photo: Photo) -> SafeString:
        return thumbnail_of_photo(photo)

    @admin.display(description=_("size"))
    def size(self, photo: Photo) -> str:
        return f"{photo.width} x {photo.height}"

    @admin.display(description=_("newest job"))
    def state(self, photo: Photo) -> str:
        return photo.latest_job.get_status_display() if photo.latest_job else "-"

    def delete_rows(self, rows: QuerySet[Photo]) -> None:
        services.delete_photos(rows.values_list("pk", flat=True))


@admin.register(Job)
class JobAdmin(DeletedByServices, KeptByServices):
    list_display = ("thumbnail", "id", "photo", "owner", "status", "attempt", "worker", "queued_at", "ended_at")
    list_display_links = ("thumbnail", "id")
    list_filter = ("status", "cause", "attempt", "queued_at", "worker")
    search_fields = ("=id", "photo__file_name", "photo__owner__username", "error")
    list_select_related = ("photo__owner", "worker")
    actions = ("retry", "cancel")
    told_error = told("error", _("error"))

    @admin.display(description="")
    def thumbnail(self, job: Job) -> SafeString:
        return thumbnail_of_photo(job.photo)

    @admin.display(description=_("owner"), ordering="photo__owner")
    def owner(self, job: Job) -> str:
        return str(job.photo.owner)

    def has_order_permission(self, request: HttpRequest) -> bool:
        """Orders to jobs need the right to change them, although no form changes one."""
        return request.user.has_perm("gallery.change_job")

    @admin.action(description=_("Color the photos of the selected jobs again"), permissions=["order"])
    def retry(self, request: HttpRequest, queryset: QuerySet[Job]) -> None:
        photo_ids = sorted(set(queryset.values_list("photo_id", flat=True)))
        started = sum(_is_retried(photo_id) for photo_id in photo_ids)
        some = gettext(
            "%(done)d new jobs; %(refused)d could not be: they have a live job, or their owner's storage is full."
        )
        self._tell(request, gettext("%(done)d new jobs."), some, done=started, refused=len(photo_ids) - started)

    @admin.action(description=_("Cancel the selected jobs"), permissions=["order"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[Job]) -> None:
        job_ids = list(queryset.values_list("pk", flat=True))
        canceled = sum(services.cancel(job_id) for job_id in job_ids)
        some = gettext("%(done)d jobs canceled; %(refused)d had ended already.")
        self._tell(request, gettext("%(done)d jobs canceled."), some, done=canceled, refused=len(job_ids) - canceled)

    def _tell(self, request: HttpRequest, all_done: str, some_refused: str, **counts: int) -> None:
        if counts["refused"]:
            self.message_user(request, some_refused % counts, messages.WARNING)
        else:
            self.message_user(request, all_done % counts, messages.SUCCESS)

    def delete_rows(self, rows: QuerySet[Job]) -> None:
        services.delete_jobs(rows.values_list("pk", flat=True))


@admin.register(Result)
class ResultAdmin(DeletedByServices, KeptByServices):
    list_display = ("thumbnail", "job", "photo_name", "model_name", "duration_s", "format", "created_at")
    list_display_links = ("thumbnail", "job")
    list_filter = ("model_name", "format", "created_at")
    search_fields = ("=job__id", "job__photo__file_name", "job__photo__owner__username", "model_digest")
    list_select_related = ("job__photo",)

    def get_urls(self) -> list[URLPattern]:
        thumb = path("<int:result_id>/thumb/", self.admin_site.admin_view(self.thumb_view), name="gallery_result_thumb")
        return [thumb, *super().get_urls()]

    def thumb_view(self, request: HttpRequest, result_id: int) -> HttpResponseBase:
        if not self.has_view_permission(request):
            raise Http404
        result = get_object_or_404(Result.objects.select_related("job__photo"), pk=result_id)
        return answer_result_file(request, result.job, "thumb", as_attachment=False)

    @admin.display(description="")
    def thumbnail(self, result: Result) -> SafeString:
        return thumbnail_of_result(result)

    @admin.display(description=_("photo"), ordering="job__photo__file_name")
    def photo_name(self, result: Result) -> str:
        return result.job.photo.file_name

    def delete_rows(self, rows: QuerySet[Result]) -> None:
        services.delete_jobs(rows.values_list("job_id", flat=True))


@admin.register(Preview)
class PreviewAdmin(KeptByServices):
    """Rows live for a minute. What the picture shows is between its owner and the worker."""

    list_display = ("thumbnail", "id", "photo", "kind", "status", "told_error", "asked_at", "changed_at")
    list_display_links = ("thumbnail", "id")
    list_filter = ("kind", "status")
    search_fields = ("photo__file_name", "photo__owner__username", "error")
    list_select_related = ("photo",)
    fields = ("photo", "kind", "status", "error", "asked_at", "changed_at")
    told_error = told("error", _("error"))

    @admin.display(description="")
    def thumbnail(self, preview: Preview) -> SafeString:
        return thumbnail_of_photo(preview.photo)
