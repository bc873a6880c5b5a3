"""Django's entry to the admin, which is the gallery's own."""

from django.contrib.admin.apps import AdminConfig


class PhotoLabAdminConfig(AdminConfig):
    default_site = "gallery.admin_site.PhotoLabSite"
