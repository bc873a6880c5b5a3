"""The states of runs and versions: every move, allowed or not, and what the database itself refuses."""

from itertools import product

from django.db import IntegrityError, transaction

from gallery.models import ModelVersion, RunState, TrainingRun, VersionState
from gallery.models.state import RUN_MOVES, VERSION_MOVES
from tests.base import GalleryTestCase


class MoveTests(GalleryTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.version = ModelVersion.objects.create(number=1, name="one", digest="1" * 64)
        self.run = TrainingRun.objects.create(base_version=self.version, settings={}, steps=1, takes_all=True)

    def check_every_move(self, row: TrainingRun | ModelVersion, states: type, moves: frozenset) -> None:
        rows = type(row).objects.filter(pk=row.pk)
        for before, after in product(states, states):
            rows.update(status=before)
            with self.subTest(f"{before} to {after}"):
                if (before, after) in moves:
                    self.assertTrue(rows.move(after, only_if=[before]))
                    self.assertEqual(rows.get().status, after)
                else:
                    with self.assertRaisesMessage(ValueError, f"moves from {before} to {after}"):
                        rows.move(after, only_if=[before])
                    self.assertEqual(rows.get().status, before)

    def test_runs_move_by_the_table_alone(self) -> None:
        self.check_every_move(self.run, RunState, RUN_MOVES)

    def test_versions_move_by_the_table_alone(self) -> None:
        self.check_every_move(self.version, VersionState, VERSION_MOVES)

    def test_a_row_in_another_state_does_not_move(self) -> None:
        self.assertFalse(
            TrainingRun.objects.filter(pk=self.run.pk).move(RunState.SUCCEEDED, only_if=[RunState.RUNNING])
        )

    def test_the_tables_say_what_is_meant(self) -> None:
        """Ended runs and rejected versions stay what they are."""
        self.assertEqual({before for before, _ in RUN_MOVES}, {RunState.QUEUED, RunState.RUNNING})
        self.assertNotIn(VersionState.REJECTED, {before for before, _ in VERSION_MOVES})
        self.assertNotIn((VersionState.ACTIVE, VersionState.REJECTED), VERSION_MOVES)


class PermissionTests(GalleryTestCase):
    def test_training_and_promoting_are_rights_of_their_own(self) -> None:
        names = {"gallery.start_training", "gallery.promote_version"}
        self.assertTrue(names <= self.staff.get_all_permissions())
        self.assertFalse(names & self.owner.get_all_permissions())


class ConstraintTests(GalleryTestCase):
    def test_the_database_refuses_a_second_running_and_a_second_queued_run(self) -> None:
        base = ModelVersion.objects.create(number=1, name="one", digest="1" * 64)
        for status in (RunState.QUEUED, RunState.RUNNING):
            TrainingRun.objects.create(base_version=base, settings={}, steps=1, takes_all=True, status=status)
            with self.subTest(status), self.assertRaises(IntegrityError), transaction.atomic():
                TrainingRun.objects.create(base_version=base, settings={}, steps=1, takes_all=True, status=status)
        for _ in range(2):
            TrainingRun.objects.create(
                base_version=base, settings={}, steps=1, takes_all=True, status=RunState.CANCELLED
            )

    def test_the_database_refuses_a_second_active_version(self) -> None:
        ModelVersion.objects.create(number=1, name="one", digest="1" * 64, status=VersionState.ACTIVE)
        with self.assertRaises(IntegrityError), transaction.atomic():
            ModelVersion.objects.create(number=2, name="two", digest="2" * 64, status=VersionState.ACTIVE)
