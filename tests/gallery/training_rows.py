"""Shorthand for the rows of the retraining loop. Files are small, real and stored."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any
from uuid import uuid4

from django.contrib.auth.models import User
from django.utils import timezone

from gallery import files, services
from gallery.keys import new_collected_keys, new_comparison_keys, new_sample_keys
from gallery.models import (
    Admission,
    CollectedImage,
    ModelVersion,
    Origin,
    Photo,
    TrainingEvaluation,
    TrainingRun,
    Worker,
)
from gallery.services import NewVersion, RunClaim, RunSettings
from tests import pictures

PASSED = [{"rule": "color error on the holdout", "candidate": 9.0, "active": 10.0, "passed": True}]
FAILED = [{"rule": "color error on the golden set", "candidate": 11.0, "active": 10.0, "passed": False}]


class TrainingRows:
    """For test cases that also are OwnStorage."""

    def make_collected(self, owner: User, *, photo: Photo | None = None, **fields: Any) -> CollectedImage:
        keys = new_collected_keys()
        content = pictures.encoded(pictures.color((64, 48)))
        for key in (keys.picture, keys.thumb):
            files.store(key, content)
        facts = {
            "origin": Origin.STAFF_UPLOAD if photo is None else Origin.COLOR_UPLOAD,
            "digest": uuid4().hex * 2,
            "phash": uuid4().hex[:16],
            "colorfulness": 40.0,
            "width": 64,
            "height": 64,
            "byte_size": len(content),
            "consented_at": timezone.now(),
            "status": Admission.INCLUDED,
        }
        return CollectedImage.objects.create(
            owner=owner, photo=photo, file_key=keys.picture, thumb_key=keys.thumb, **{**facts, **fields}
        )

    def make_set(self, owner: User, count: int = 12) -> list[CollectedImage]:
        return [self.make_collected(owner) for _ in range(count)]

    def make_shipped(self, digest: str = "a" * 64) -> ModelVersion:
        return services.ensure_shipped_version("photolab-test", digest)

    def make_trainer(self, name: str = "host:train") -> Worker:
        facts = services.WorkerFacts(id=uuid4(), name=name, queue="train", device="cpu")
        services.register_worker(facts)
        return Worker.objects.get(pk=facts.id)

    def start(self, **settings: Any) -> TrainingRun:
        return services.start_run(None, RunSettings(**settings))

    def claimed_run(self, worker: Worker | None = None) -> RunClaim:
        claim = services.claim_run((worker or self.make_trainer()).pk)
        assert claim is not None
        return claim

    def make_evaluation(
        self, claim: RunClaim, *, step: int = 1, figures: dict[str, float] | None = None
    ) -> TrainingEvaluation:
        """With eight samples."""
        keys = new_sample_keys(claim.run_id, claim.attempt, step=step, count=8)
        for key in keys:
            files.store(key, pictures.encoded(pictures.color((64, 48))))
        assert services.record_evaluation(claim, step, figures=figures or {"ciede2000": 9.5}, sample_keys=keys)
        return TrainingEvaluation.objects.get(run=claim.run_id, step=step)

    def make_comparisons(self, count: int) -> list[dict[str, Any]]:
        """The first is no regression, each further one a worse one. The pictures of a pair differ."""
        comparisons = []
        for number, keys in enumerate(new_comparison_keys(1, 1, count=count)):
            for shade, key in enumerate((keys.candidate, keys.active, keys.grey)):
                files.store(key, pictures.jpeg((64, 48), mark=shade))
            comparisons.append(
                {
                    "photograph": f"photograph {number}",
                    "candidate_key": keys.candidate,
                    "active_key": keys.active,
                    "grey_key": keys.grey,
                    "candidate_error": 10.0 + number,
                    "active_error": 10.0,
                }
            )
        return comparisons

    def new_version(self, *, gate: list[dict] = PASSED, comparisons: Sequence[dict[str, Any]] = ()) -> NewVersion:
        """What a worker has stored when it comes to finish. It was compared with what is active now."""
        weights = uuid4().bytes
        digest = sha256(weights).hexdigest()
        key = f"models/{digest[:32]}/weights.safetensors"
        files.store(key, weights)
        active = services.active_version()
        return NewVersion(
            name=f"trained {digest[:4]}",
            digest=digest,
            weights_key=key,
            gate=gate,
            comparisons=list(comparisons),
            compared_with=active and active.pk,
        )

    def make_trained(self, *, gate: list[dict] = PASSED, comparisons: Sequence[dict[str, Any]] = ()) -> ModelVersion:
        """A candidate, by a whole run."""
        self.start()
        version = services.finish_run(self.claimed_run(), self.new_version(gate=gate, comparisons=comparisons))
        assert version is not None
        return version
