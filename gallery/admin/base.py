"""What the admin's pages share: rows that only the product makes, and whose files go with them."""

from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest


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
