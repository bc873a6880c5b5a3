"""The admin's pages. What has files is deleted through gallery.services, so that the files go too."""

from gallery.admin import accounts, albums, collected, integrity, photos, programs, runs, versions

__all__ = ["accounts", "albums", "collected", "integrity", "photos", "programs", "runs", "versions"]
