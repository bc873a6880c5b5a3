"""The admin's pages. What has files is deleted through gallery.services, so that the files go too."""

from django.contrib import admin

from gallery.admin import accounts, photos, training

__all__ = ["accounts", "photos", "training"]

admin.site.site_header = "Photo-Lab"
admin.site.site_title = "Photo-Lab"
