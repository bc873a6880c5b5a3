"""The shapes of what the API takes and gives; the OpenAPI page is made from them."""

from typing import Any

from rest_framework import serializers

from gallery.models import Job, JobState, Photo
from gallery.waiting import waiting_of


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
    format = serializers.CharField()
    width = serializers.IntegerField()
    height = serializers.IntegerField()
    bytes = serializers.IntegerField(source="byte_size")
    has_color = serializers.BooleanField()
    uploaded_at = serializers.DateTimeField()
    job = JobBrief(source="latest_job", allow_null=True)
    colored = serializers.SerializerMethodField(help_text="Whether there is a result to fetch.")
    model_version = serializers.SerializerMethodField(help_text="Number of the version that made the result, or null.")

    def get_colored(self, photo: Photo) -> bool:
        return photo.shown_result is not None

    def get_model_version(self, photo: Photo) -> int | None:
        result = photo.shown_result
        return result.model_version.number if result and result.model_version else None


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
        "error": job.error or None,
    }
