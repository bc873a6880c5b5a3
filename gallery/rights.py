"""The rights of the retraining loop, for which the admin and the API ask alike. Of several, any one is enough."""

from gallery.models import TrainingRun

ADD_VOTE, PROMOTE, START_TRAINING = "gallery.add_vote", "gallery.promote_version", "gallery.start_training"
# Beside Django's own right to view them.
TO_SEE_RUNS = (START_TRAINING, PROMOTE)
TO_SEE_VERSIONS = (PROMOTE, ADD_VOTE)


def rights_to_cancel(run: TrainingRun) -> tuple[str, ...]:
    """Whoever may put a candidate to the gate may also change their mind."""
    return (START_TRAINING,) if run.judges_id is None else (START_TRAINING, PROMOTE)
