"""Albums, their entries, and the links that owners gave to others. Neither a link nor its password can be read here."""

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from gallery import services
from gallery.admin.base import DeletedByServices, KeptByServices
from gallery.admin.photos import thumbnail_of_photo
from gallery.models import Album, AlbumEntry, Share, SharedCopy


@admin.register(Album)
class AlbumAdmin(DeletedByServices, KeptByServices):
    list_display = ("id", "title", "owner", "photo_count", "created_at")
    list_display_links = ("id", "title")
    list_filter = ("created_at",)
    search_fields = ("title", "owner__username", "owner__email")
    list_select_related = ("owner",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Album]:
        return super().get_queryset(request).annotate(photo_count=Count("entries"))

    @admin.display(description=_("photos"), ordering="photo_count")
    def photo_count(self, album: Album) -> int:
        return album.photo_count

    def delete_rows(self, rows: QuerySet[Album]) -> None:
        for album_id in rows.values_list("pk", flat=True):
            services.delete_album(album_id)


@admin.register(AlbumEntry)
class AlbumEntryAdmin(KeptByServices):
    list_display = ("thumbnail", "id", "album", "photo", "position")
    list_display_links = ("thumbnail", "id")
    list_filter = ("photo__trashed_at",)
    search_fields = ("album__title", "photo__file_name", "album__owner__username")
    list_select_related = ("album", "photo")

    @admin.display(description="")
    def thumbnail(self, entry: AlbumEntry) -> SafeString:
        return thumbnail_of_photo(entry.photo)


@admin.register(Share)
class ShareAdmin(DeletedByServices, KeptByServices):
    """To see what is open to others, and to end it. `code` opens it together with the site's secret key."""

    list_display = ("id", "title", "owner", "is_open", "asks_password", "expires_at", "opened_count", "opened_at")
    list_filter = ("allow_download", "show_location", "mark", "expires_at", "revoked_at")
    search_fields = ("owner__username", "owner__email", "photo__file_name", "photo__title", "album__title")
    list_select_related = ("owner", "photo", "album")
    fields = (
        *("owner", "photo", "album", "asks_password", "allow_download", "show_location", "mark"),
        *("created_at", "expires_at", "revoked_at", "opened_count", "opened_at"),
    )

    @admin.display(description=_("title"))
    def title(self, share: Share) -> str:
        return share.title

    @admin.display(boolean=True, description=_("open"))
    def is_open(self, share: Share) -> bool:
        return Share.objects.live().filter(pk=share.pk).exists()

    @admin.display(boolean=True, description=_("password"))
    def asks_password(self, share: Share) -> bool:
        return bool(share.password)

    def delete_rows(self, rows: QuerySet[Share]) -> None:
        services.delete_shares(rows.values_list("pk", flat=True))


@admin.register(SharedCopy)
class SharedCopyAdmin(DeletedByServices, KeptByServices):
    list_display = ("thumbnail", "id", "photo", "share", "format")
    list_display_links = ("thumbnail", "id")
    list_filter = ("format",)
    search_fields = ("photo__file_name", "share__owner__username")
    list_select_related = ("photo", "share")
    fields = ("share", "photo", "format")

    @admin.display(description="")
    def thumbnail(self, copy: SharedCopy) -> SafeString:
        return thumbnail_of_photo(copy.photo)

    def delete_rows(self, rows: QuerySet[SharedCopy]) -> None:
        services.drop_copies(rows)
