"""The shapes of what the calls of the retraining loop take and give; the OpenAPI page is made from them."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from gallery.models import RunState, TrainingRun, VersionState
from gallery.sentences import said

ALL = "all"
MOST_IDS = 10_000


class CollectRequest(serializers.Serializer):
    file = serializers.FileField(allow_empty_file=True, max_length=None)
    consent = serializers.BooleanField(
        default=False, help_text="Must be true: whoever may decide it lets us learn from this picture."
    )

    def validate_consent(self, given: bool) -> bool:
        if not given:
            raise serializers.ValidationError("Training learns only from pictures given with consent=true.")
        return given


class CollectAnswer(serializers.Serializer):
    id = serializers.IntegerField()
    duplicate = serializers.BooleanField(required=False, help_text="Present and true when these bytes were here.")


@extend_schema_field(
    {"oneOf": [{"type": "string", "enum": [ALL]}, {"type": "array", "items": {"type": "integer"}, "minItems": 1}]}
)
class ImagesField(serializers.Field):
    """ "all", or ids of collected images."""

    ids = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1), allow_empty=False, max_length=MOST_IDS
    )

    def to_internal_value(self, data: Any) -> str | list[int]:
        return ALL if data == ALL else self.ids.run_validation(data)

    def to_representation(self, value: Any) -> Any:
        return value


class StartRequest(serializers.Serializer):
    """What is left out is as in the admin: services.RunSettings has the defaults, and the bounds."""

    images = ImagesField(help_text='"all" stands for all that are included when the run begins.')
    steps = serializers.IntegerField(required=False)
    learning_rate = serializers.FloatField(required=False)
    adversarial = serializers.BooleanField(required=False)
    base_share = serializers.FloatField(required=False, help_text="Of each batch, from the base corpus.")
    batch_size = serializers.IntegerField(required=False)
    crop = serializers.IntegerField(required=False, help_text="Pixels of a picture's side, as it is learned from.")
    note = serializers.CharField(required=False, allow_blank=True, max_length=10_000)


class StartAnswer(serializers.Serializer):
    id = serializers.IntegerField()
    state = serializers.ChoiceField(RunState.choices, source="status")


class RunAnswer(StartAnswer):
    stage = serializers.CharField(help_text="Empty until the run has begun.")
    step = serializers.IntegerField()
    steps = serializers.IntegerField()
    eta_s = serializers.FloatField(allow_null=True, help_text="Seconds; null when nobody can tell.")
    trouble = serializers.SerializerMethodField(help_text="What does not work now and is tried again.")
    error = serializers.SerializerMethodField(help_text="Why it failed, or ended early with what it had.")
    model_version = serializers.SerializerMethodField(help_text="The id of the version that it made, or judges.")

    def get_error(self, run: TrainingRun) -> str | None:
        return said(run.error) or None

    def get_trouble(self, run: TrainingRun) -> str | None:
        return said(run.trouble) or None

    def get_model_version(self, run: TrainingRun) -> int | None:
        return run.version.pk if hasattr(run, "version") else run.judges_id


class GateRule(serializers.Serializer):
    rule = serializers.CharField()
    candidate = serializers.FloatField(allow_null=True)
    active = serializers.FloatField(allow_null=True)
    passed = serializers.BooleanField(allow_null=True, help_text="null: the rule could not be applied.")


class VersionAnswer(serializers.Serializer):
    id = serializers.IntegerField()
    number = serializers.IntegerField()
    state = serializers.ChoiceField(VersionState.choices, source="status")
    digest = serializers.CharField(help_text="SHA-256 of the weights file.")
    metrics = serializers.DictField()
    gate = GateRule(many=True)
    compared_with = serializers.IntegerField(
        source="compared_with_id", allow_null=True, help_text="The id of the version that the gate calls active."
    )


class PromoteRequest(serializers.Serializer):
    reason = serializers.CharField(
        default="", allow_blank=True, max_length=10_000, help_text="Needed where the gate was not passed."
    )
