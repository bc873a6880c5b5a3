"""Accounts, tokens, workers and traces of deleted photos in the admin."""

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminPasswordChangeForm
from django.contrib.auth.models import AbstractBaseUser
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from gallery import services
from gallery.accounts import end_tokens
from gallery.admin.base import DeletedByServices, KeptByServices, told
from gallery.models import ApiKey, Removal, Worker

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
        "jobs_done",
        "started_at",
        "beat_at",
    )
    list_filter = ("queue", "device", "model_name")
    search_fields = ("name", "=id", "model_digest")
    told_weights_error = told("weights_error", _("weights error"))

    @admin.display(boolean=True, description=_("alive"))
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
