"""The shapes of what the API takes and gives; the OpenAPI page is made from them."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from gallery.dates import TakenOn, read_date
from gallery.models import Job, JobState, Photo
from gallery.sentences import said
from gallery.services.photos import LONGEST_TITLE
from gallery.waiting import waiting_of
from gallery.zipping import MOST_PHOTOS


class TokenRequest(serializers.Serializer):
    username = serializers.CharField()
    password = serializers.CharField(trim_whitespace=False)


class TokenAnswer(serializers.Serializer):
    token = serializers.CharField()


class ErrorAnswer(serializers.Serializer):
    error = serializers.CharField()


class UploadRequest(serializers.Serializer):
    file = serializers.FileField(allow_empty_file=True, max_length=None)


class JobBrief(serializers.Serializer):
    id = serializers.IntegerField()
    state = serializers.ChoiceField(JobState.choices, source="status")


class UploadAnswer(serializers.Serializer):
    id = serializers.IntegerField()
    job = JobBrief(source="latest_job", allow_null=True)
    duplicate = serializers.BooleanField(required=False, help_text="Present and true when these bytes were here.")


class PhotoAnswer(serializers.Serializer):
    id = serializers.IntegerField()
    name = serializers.CharField(source="file_name")
    title = serializers.CharField(source="name", help_text="The file's name without ending until you give another.")
    taken_on = serializers.SerializerMethodField(
        help_text="1923, 1923-06 or 1923-06-15, as far as it is known; or null."
    )
    format = serializers.CharField()
    width = serializers.IntegerField()
    height = serializers.IntegerField()
    bytes = serializers.IntegerField(source="byte_size")
    has_color = serializers.BooleanField()
    is_toned = serializers.BooleanField(help_text="It has one tone, such as sepia; it was read as grey.")
    uploaded_at = serializers.DateTimeField()
    job = JobBrief(source="latest_job", allow_null=True)
    colored = serializers.SerializerMethodField(help_text="Whether there is a result to fetch.")
    model_version = serializers.SerializerMethodField(help_text="Number of the version that made the result, or null.")

    def get_taken_on(self, photo: Photo) -> str | None:
        return str(TakenOn.of(photo) or "") or None

    def get_colored(self, photo: Photo) -> bool:
        return photo.shown_result is not None

    def get_model_version(self, photo: Photo) -> int | None:
        result = photo.shown_result
        return result.model_version.number if result and result.model_version else None


class TakenField(serializers.Field):
    """A date of which the day, or the month too, may be unknown."""

    def to_internal_value(self, data: Any) -> TakenOn | None:
        try:
            return read_date(str(data))
        except ValueError as error:
            raise serializers.ValidationError(str(error)) from error

    def to_representation(self, value: Any) -> str:
        return str(value)


class PhotoChange(serializers.Serializer):
    title = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=LONGEST_TITLE,
        help_text="Blank: the name of the file stands for it.",
    )
    taken_on = extend_schema_field(str)(TakenField)(
        source="taken", required=False, allow_null=True, help_text="1923, 1923-06 or 1923-06-15; null when unknown."
    )


class AlbumRequest(serializers.Serializer):
    title = serializers.CharField(max_length=LONGEST_TITLE)


class AlbumChange(serializers.Serializer):
    title = serializers.CharField(required=False, max_length=LONGEST_TITLE)
    cover = serializers.IntegerField(
        required=False, min_value=1, max_value=2**63 - 1, help_text="Id of a photo of the album."
    )


class AlbumAnswer(serializers.Serializer):
    id = serializers.IntegerField(source="album.pk")
    title = serializers.CharField(source="album.title")
    created_at = serializers.DateTimeField(source="album.created_at")
    count = serializers.IntegerField(help_text="Photos in it, without those in the trash.")
    cover = serializers.IntegerField(
        source="cover.pk", allow_null=True, default=None, help_text="Id of a photo, or null."
    )


class OneAlbumAnswer(AlbumAnswer):
    photos = serializers.ListField(child=serializers.IntegerField(), help_text="Ids, in the order of the album.")


class AlbumPhotos(serializers.Serializer):
    photos = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1), allow_empty=False, max_length=MOST_PHOTOS
    )


class AlbumPhotosAnswer(serializers.Serializer):
    changed = serializers.IntegerField(help_text="How many came in, or went out.")


class PhotoPage(serializers.Serializer):
    photos = PhotoAnswer(many=True)
    next = serializers.CharField(allow_null=True, help_text="Give it as `before` to get the next page.")


class JobAnswer(serializers.Serializer):
    id = serializers.IntegerField()
    state = serializers.ChoiceField(JobState.choices)
    position = serializers.IntegerField(allow_null=True, help_text="1 is next; null when it does not wait.")
    eta_s = serializers.IntegerField(allow_null=True, help_text="Seconds; null when nobody can tell.")
    error = serializers.CharField(allow_null=True)


def describe_job(job: Job) -> dict[str, Any]:
    waiting = waiting_of(job)
    return {
        "id": job.pk,
        "state": job.status,
        "position": waiting.position,
        "eta_s": waiting.eta_s,
        "error": said(job.error) or None,
    }
