"""In the admin: batches of uploads, unfinished ones, preferences, webhooks and answers kept for programs."""

from django.contrib import admin
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from gallery import tus
from gallery.admin.base import DeletedByServices, KeptByServices, told
from gallery.models import AccountPreferences, KeptAnswer, PartialUpload, UploadBatch, Webhook, WebhookDelivery


class OfAnOwner(KeptByServices):
    search_fields = ("owner__username", "owner__email")
    list_select_related = ("owner",)


@admin.register(UploadBatch)
class UploadBatchAdmin(OfAnOwner):
    list_display = ("id", "owner", "added_at", "done_at", "colored", "not_colored", "mailed_at")
    list_filter = ("done_at",)


@admin.register(PartialUpload)
class PartialUploadAdmin(DeletedByServices, OfAnOwner):
    list_display = ("file_name", "owner", "offset", "byte_size", "changed_at")
    list_filter = ("changed_at",)

    def delete_rows(self, rows: QuerySet[PartialUpload]) -> None:
        for upload in rows:
            tus.remove(upload)


@admin.register(AccountPreferences)
class AccountPreferencesAdmin(OfAnOwner):
    list_display = ("owner", "mail_batches")
    list_filter = ("mail_batches",)


@admin.register(Webhook)
class WebhookAdmin(OfAnOwner):
    """The secret is its owner's."""

    list_display = ("url", "owner", "created_at")
    list_filter = ("created_at",)
    fields = ("owner", "url", "created_at")


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(KeptByServices):
    list_display = ("id", "webhook", "event", "state", "attempts", "told_outcome", "created_at", "next_at")
    list_filter = ("state", "event")
    search_fields = ("webhook__owner__username", "webhook__url")
    list_select_related = ("webhook",)
    told_outcome = told("outcome", _("outcome"))


@admin.register(KeptAnswer)
class KeptAnswerAdmin(OfAnOwner):
    list_display = ("key", "owner", "status", "created_at")
    list_filter = ("status", "created_at")
    fields = ("owner", "key", "body_digest", "status", "created_at")
