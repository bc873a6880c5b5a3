"""Accounts, their limits and second factors, tokens, workers and traces of deleted photos in the admin."""

from allauth.mfa.admin import Authenticator  # its page is registered by that module, and replaced below
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminPasswordChangeForm
from django.contrib.auth.models import AbstractBaseUser
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext_lazy as _

from gallery import services
from gallery.accounts import end_tokens
from gallery.admin.base import DeletedByServices, KeptByServices, told
from gallery.models import AccountLimits, ApiKey, QueuePause, Removal, Worker

User = get_user_model()


@admin.register(Worker)
class WorkerAdmin(KeptByServices):
    list_display = (
        "name",
        "alive",
        "queue",
        "device",
        "model_name",
        "told_weights_error",
        "memory_bytes",
        "at_once",
        "jobs_done",
        "drained_at",
        "started_at",
        "beat_at",
    )
    list_filter = ("queue", "device", "model_name")
    search_fields = ("name", "=id", "model_digest")
    told_weights_error = told("weights_error", _("weights error"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Worker]:
        return super().get_queryset(request).annotate(lives=Exists(Worker.objects.live().filter(pk=OuterRef("pk"))))

    @admin.display(boolean=True, description=_("alive"))
    def alive(self, worker: Worker) -> bool:
        return worker.lives


@admin.register(QueuePause)
class QueuePauseAdmin(KeptByServices):
    """To delete one is to resume its queue; the page about queues does the same."""

    list_display = ("queue", "paused_by", "paused_at")
    list_filter = ("queue",)
    search_fields = ("queue", "paused_by__username")
    list_select_related = ("paused_by",)


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


admin.site.unregister(User)


@admin.register(User)
class AccountAdmin(DeletedByServices, UserAdmin):
    """Deleting an account takes its photos' files with it; another password ends its tokens."""

    change_password_form = PasswordThatEndsTokens

    def delete_rows(self, rows: QuerySet[AbstractBaseUser]) -> None:
        for user in rows:
            services.delete_account(user)


@admin.register(ApiKey)
class ApiKeyAdmin(KeptByServices):
    """To see who has keys, and to take them away; nobody makes one for another."""

    list_display = ("token_key", "name", "user", "created", "expiry", "last_used_at")
    list_filter = ("created", "expiry")
    search_fields = ("=token_key", "name", "user__username", "user__email")
    list_select_related = ("user",)
    fields = ("token_key", "name", "scopes", "user", "created", "expiry", "last_used_at")


@admin.register(AccountLimits)
class AccountLimitsAdmin(admin.ModelAdmin):
    """What one account may keep and upload, where that is not as the settings say for everybody."""

    list_display = ("owner", "storage_mb", "photos_per_day", "taken")
    list_filter = ("storage_mb", "photos_per_day")
    search_fields = ("owner__username", "owner__email")
    list_select_related = ("owner",)
    autocomplete_fields = ("owner",)
    readonly_fields = ("taken",)

    @admin.display(description=_("storage in use"))
    def taken(self, limits: AccountLimits) -> str:
        return filesizeformat(services.stored_bytes(limits.owner_id)) if limits.owner_id else ""


admin.site.unregister(Authenticator)


@admin.register(Authenticator)
class SecondFactorAdmin(DeletedByServices, KeptByServices):
    """To let in whoever has lost the telephone and the recovery codes. No secret is shown."""

    list_display = ("user", "type", "created_at", "last_used_at")
    list_filter = ("type",)
    search_fields = ("user__username", "user__email")
    list_select_related = ("user",)
    fields = list_display

    def delete_rows(self, rows: QuerySet[Authenticator]) -> None:
        """One factor of an account goes with the others: recovery codes alone are none."""
        Authenticator.objects.filter(user__in=list(rows.values_list("user", flat=True))).delete()
