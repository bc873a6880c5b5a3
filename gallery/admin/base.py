"""What the admin's pages share: rows that only the product makes, whose files go with them, and pages of their own."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponseBase
from django.template.response import TemplateResponse
from django.utils.functional import Promise
from django.utils.text import capfirst

from gallery.sentences import said


class DeletedByServices:
    """A ModelAdmin whose rows have files: what is selected goes by `delete_rows`, one or many."""

    def delete_rows(self, rows: QuerySet) -> None:
        raise NotImplementedError

    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        self.delete_rows(type(obj).objects.filter(pk=obj.pk))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet) -> None:
        self.delete_rows(queryset)


def told(name: str, description: str | Promise) -> Callable[[admin.ModelAdmin, Model], str]:
    """A column for a field whose sentences are kept in English: as the reader's language has them."""

    @admin.display(description=description, ordering=name)
    def column(self: admin.ModelAdmin, row: Model) -> str:
        return said(getattr(row, name))

    return column


class KeptByServices(admin.ModelAdmin):
    """Rows that people look at and delete; only the product itself makes and changes them.

    A column named told_<field> stands for that field on a row's own page, too.
    """

    list_per_page = 50
    show_full_result_count = False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:
        title = {"title": capfirst(self.opts.verbose_name_plural), "subtitle": None}
        return super().changelist_view(request, {**title, **(extra_context or {})})

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        names = super().get_fields(request, obj)
        return [f"told_{name}" if hasattr(self, f"told_{name}") else name for name in names]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class Log(KeptByServices):
    """Rows that nobody deletes by themselves. They may go with their account or photo, so the right itself stays."""

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return {name: action for name, action in super().get_actions(request).items() if name != "delete_selected"}

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponseBase:
        raise PermissionDenied

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), "show_delete": False})


class WithPages(admin.ModelAdmin):
    """A ModelAdmin with pages beside the usual ones, and rows that other rights than `view` let people see."""

    also_seen_with: tuple[str, ...] = ()

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_view_permission(request, obj) or any(map(request.user.has_perm, self.also_seen_with))

    def require(self, request: HttpRequest, *rights: str) -> None:
        """Any of the rights is enough. Raises PermissionDenied."""
        if not any(map(request.user.has_perm, rights)):
            raise PermissionDenied

    def find(self, request: HttpRequest, pk: int) -> Model:
        """A row that this person may see. Raises Http404."""
        row = self.get_queryset(request).filter(pk=pk).first()
        if row is None or not self.has_view_permission(request, row):
            raise Http404
        return row

    def show(self, request: HttpRequest, page: str, *, title: str, **context: Any) -> TemplateResponse:
        """The template admin/<app>/<model>/<page>.html."""
        return TemplateResponse(
            request,
            f"admin/{self.opts.app_label}/{self.opts.model_name}/{page}.html",
            {**self.admin_site.each_context(request), "opts": self.opts, "title": title, **context},
        )


class Described(WithPages):
    """A ModelAdmin whose change_form_template is given what `describe` says of the row."""

    def describe(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        raise NotImplementedError

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        row = self.get_object(request, object_id)
        if row is not None:
            title = {"title": str(row).capitalize(), "subtitle": None}
            extra_context = {**(extra_context or {}), **title, **self.describe(request, row)}
        return super().change_view(request, object_id, form_url, extra_context)
