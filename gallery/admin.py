"""The admin's pages. What has files is deleted through gallery.services, so that the files go too."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminPasswordChangeForm
from django.contrib.auth.models import AbstractBaseUser
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from knox import admin as knox_admin  # noqa: F401  (registers its own page, which is replaced below)
from knox.models import AuthToken

from gallery import services
from gallery.accounts import end_tokens
from gallery.models import Job, Photo, Removal, Result, Worker
from gallery.views.stored import answer_photo_file, answer_result_file

User = get_user_model()
admin.site.site_header = "Photo-Lab"
admin.site.site_title = "Photo-Lab"


class DeletedByServices:
    """A ModelAdmin whose rows have files: what is selected goes by `delete_rows`, one or many."""

    def delete_rows(self, rows: QuerySet) -> None:
        raise NotImplementedError

    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        self.delete_rows(type(obj).objects.filter(pk=obj.pk))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet) -> None:
        self.delete_rows(queryset)


class KeptByServices(admin.ModelAdmin):
    """Rows that people look at and delete; only the product itself makes and changes them."""

    list_per_page = 50
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def thumbnail_of_photo(photo: Photo) -> SafeString:
    return format_html(
        '<img src="{}" alt="" height="64" loading="lazy">', reverse("admin:gallery_photo_thumb", args=[photo.pk])
    )


def thumbnail_of_result(result: Result) -> SafeString:
    return format_html(
        '<img src="{}" alt="" height="64" loading="lazy">', reverse("admin:gallery_result_thumb", args=[result.pk])
    )


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

    @admin.display(description="size")
    def size(self, photo: Photo) -> str:
        return f"{photo.width} x {photo.height}"

    @admin.display(description="newest job")
    def state(self, photo: Photo) -> str:
        return photo.latest_job.get_status_display() if photo.latest_job else "-"

    def delete_rows(self, rows: QuerySet[Photo]) -> None:
        services.delete_photos(rows.values_list("pk", flat=True))


@admin.register(Job)
class JobAdmin(DeletedByServices, KeptByServices):
    list_display = ("thumbnail", "id", "photo", "owner", "status", "attempt", "worker", "queued_at", "ended_at")
    list_display_links = ("thumbnail", "id")
    list_filter = ("status", "attempt", "queued_at", "worker")
    search_fields = ("=id", "photo__file_name", "photo__owner__username", "error")
    list_select_related = ("photo__owner", "worker")
    actions = ("retry", "cancel")

    @admin.display(description="")
    def thumbnail(self, job: Job) -> SafeString:
        return thumbnail_of_photo(job.photo)

    @admin.display(ordering="photo__owner")
    def owner(self, job: Job) -> str:
        return str(job.photo.owner)

    def has_order_permission(self, request: HttpRequest) -> bool:
        """Orders to jobs need the right to change them, although no form changes one."""
        return request.user.has_perm("gallery.change_job")

    @admin.action(description="Color the photos of the selected jobs again", permissions=["order"])
    def retry(self, request: HttpRequest, queryset: QuerySet[Job]) -> None:
        photo_ids = sorted(set(queryset.values_list("photo_id", flat=True)))
        started = sum(services.retry_photo(photo_id) is not None for photo_id in photo_ids)
        self._tell(request, f"{started} new jobs", refused=len(photo_ids) - started, why="have a live job already")

    @admin.action(description="Cancel the selected jobs", permissions=["order"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[Job]) -> None:
        job_ids = list(queryset.values_list("pk", flat=True))
        canceled = sum(services.cancel(job_id) for job_id in job_ids)
        self._tell(request, f"{canceled} jobs canceled", refused=len(job_ids) - canceled, why="had ended already")

    def _tell(self, request: HttpRequest, done: str, *, refused: int, why: str) -> None:
        if refused:
            self.message_user(request, f"{done}; {refused} {why}.", messages.WARNING)
        else:
            self.message_user(request, f"{done}.", messages.SUCCESS)

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

    @admin.display(description="photo", ordering="job__photo__file_name")
    def photo_name(self, result: Result) -> str:
        return result.job.photo.file_name

    def delete_rows(self, rows: QuerySet[Result]) -> None:
        services.delete_jobs(rows.values_list("job_id", flat=True))


@admin.register(Worker)
class WorkerAdmin(KeptByServices):
    list_display = ("name", "alive", "queue", "device", "model_name", "jobs_done", "started_at", "beat_at")
    list_filter = ("queue", "device", "model_name")
    search_fields = ("name", "=id", "model_digest")

    @admin.display(boolean=True)
    def alive(self, worker: Worker) -> bool:
        return Worker.objects.live().filter(pk=worker.pk).exists()


@admin.register(Removal)
class RemovalAdmin(KeptByServices):
    list_display = ("photo_id", "owner", "removed_at")
    list_filter = ("removed_at",)
    search_fields = ("=photo_id", "owner__username")
    list_select_related = ("owner",)


class PasswordThatEndsTokens(AdminPasswordChangeForm):
    def save(self, commit: bool = True) -> AbstractBaseUser:
        user = super().save(commit)
        end_tokens(user)
        return user


admin.site.unregister([User, AuthToken])


@admin.register(User)
class AccountAdmin(DeletedByServices, UserAdmin):
    """Deleting an account takes its photos' files with it; another password ends its tokens."""

    change_password_form = PasswordThatEndsTokens

    def delete_rows(self, rows: QuerySet[AbstractBaseUser]) -> None:
        for user in rows:
            services.delete_account(user)


@admin.register(AuthToken)
class TokenAdmin(KeptByServices):
    """To see who has tokens, and to take them away; nobody makes one for another."""

    list_display = ("token_key", "user", "created", "expiry")
    list_filter = ("created", "expiry")
    search_fields = ("=token_key", "user__username", "user__email")
    list_select_related = ("user",)
    fields = ("token_key", "user", "created", "expiry")
