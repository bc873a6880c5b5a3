"""Receives uploaded files. A file over the limit is read to its end but never kept on disk."""

from django.conf import settings
from django.core.files.uploadhandler import TemporaryFileUploadHandler


def max_upload_bytes() -> int:
    return settings.PHOTOLAB_MAX_UPLOAD_MB * 1024 * 1024


class BoundedUploadHandler(TemporaryFileUploadHandler):
    """Always a file on disk, since the decoder is another process. `size` is what was sent, not what was kept."""

    def most_bytes(self) -> int:
        return max_upload_bytes()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if start <= self.most_bytes():
            self.file.write(raw_data)


class SetUploadHandler(BoundedUploadHandler):
    """For staff who send a set: a zip of it may be as large as a request. Pictures are held to their limit later."""

    def most_bytes(self) -> int:
        return settings.LARGEST_REQUEST_MB * 1024 * 1024
