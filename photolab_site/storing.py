"""Where files are kept, read for settings.py: a folder, or a bucket of an S3-compatible server."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from photolab_site import env

ADDRESS_HOLDS_S = 60


def read_storages(folder: Path) -> dict[str, dict[str, Any]]:
    static = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    bucket = env.read_text("PHOTOLAB_S3_BUCKET", "")
    if not bucket:
        local = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": folder}}
        return {"default": local, "staticfiles": static}
    private = _in_bucket(bucket, env.read_text("PHOTOLAB_S3_ENDPOINT", ""))
    storages = {"default": private, "staticfiles": static}
    if public := _read_public_endpoint():  # for addresses by which browsers fetch from the bucket themselves
        storages["signed"] = _in_bucket(bucket, public)
    return storages


def _read_public_endpoint() -> str:
    address = env.read_text("PHOTOLAB_S3_PUBLIC_ENDPOINT", "").rstrip("/")
    if address and (urlsplit(address).scheme not in ("http", "https") or not urlsplit(address).netloc):
        raise ImproperlyConfigured(f"PHOTOLAB_S3_PUBLIC_ENDPOINT: {address!r} is no address like https://files.host")
    return address


def _in_bucket(name: str, endpoint: str) -> dict[str, Any]:
    """Nothing in it can be had without a signature."""
    return {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": name,
            "endpoint_url": endpoint or None,
            "access_key": env.read_text("PHOTOLAB_S3_ACCESS_KEY", "") or None,
            "secret_key": env.read_text("PHOTOLAB_S3_SECRET_KEY", "") or None,
            "region_name": env.read_text("PHOTOLAB_S3_REGION", "us-east-1"),
            "addressing_style": "path",
            "signature_version": "s3v4",
            "default_acl": None,
            "file_overwrite": False,
            "querystring_auth": True,
            "querystring_expire": ADDRESS_HOLDS_S,
            "max_memory_size": 2 * 1024 * 1024,  # what is read beyond it waits on disk
        },
    }
