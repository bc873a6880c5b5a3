"""The admin's pages. What has files is deleted through gallery.services, so that the files go too."""

from gallery.admin import accounts, collected, photos, programs, runs, versions

__all__ = ["accounts", "collected", "photos", "programs", "runs", "versions"]
