"""Accounts take turns: many photographs of one do not hold up another's one."""

from gallery import services
from gallery.models import Job, Photo, Priority
from gallery.services.turns import line_up
from gallery.variants import VariantSettings
from gallery.waiting import number_waiting
from tests.base import A_COLOR, GalleryTestCase

TOLD = VariantSettings.parse(A_COLOR)


class TurnTests(GalleryTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.mark = 0

    def order(self, owner: object, *, priority: Priority = Priority.INTERACTIVE, told: bool = False) -> Job:
        """A photo of the owner and its job, in line as every way to order one puts it there."""
        self.mark += 1
        photo = self.make_photo(owner, mark=self.mark)
        photo.jobs.all().delete()
        job = Job(photo=photo, priority=priority, settings_digest=TOLD.digest if told else "")
        line_up([job])[0].save()
        return job

    def taken(self, count: int) -> list[int]:
        worker = self.make_worker()
        return [services.claim_next(worker.pk).job_id for _ in range(count)]

    def test_one_photo_waits_for_one_of_another_account_and_not_for_all(self) -> None:
        many = [self.order(self.owner) for _ in range(30)]
        self.taken(10)
        one = self.order(self.friend)
        self.assertEqual(self.taken(3), [many[10].pk, one.pk, many[11].pk])

    def test_three_accounts_take_turns_whoever_came_first(self) -> None:
        olgas = [self.order(self.owner).pk for _ in range(4)]
        fridas = [self.order(self.friend).pk for _ in range(2)]
        sams = [self.order(self.stranger).pk for _ in range(2)]
        expected = [olgas[0], fridas[0], sams[0], olgas[1], fridas[1], sams[1], olgas[2], olgas[3]]
        self.assertEqual(self.taken(8), expected)

    def test_who_waited_before_is_not_pushed_back_by_who_comes_often(self) -> None:
        olgas = [self.order(self.owner).pk for _ in range(3)]
        taken = []
        for _ in range(3):  # each as soon as the one before is taken
            self.order(self.friend)
            taken += self.taken(2)
        self.assertEqual([job for job in taken if job in olgas], olgas)

    def test_many_that_are_ordered_at_once_take_turns_too(self) -> None:
        photos = [self.order(self.owner).photo for _ in range(3)]
        Job.objects.all().delete()
        self.assertEqual(services.color_chosen(Photo.objects.filter(pk__in=[photo.pk for photo in photos])), 3)
        self.assertEqual(sorted(Job.objects.values_list("turn", flat=True)), [0, 1, 2])

    def test_what_is_told_a_photo_does_not_wait_for_ones_own_uploads(self) -> None:
        uploads = [self.order(self.owner).pk for _ in range(20)]
        told = self.order(self.owner, told=True)
        self.assertEqual(self.taken(2), [uploads[0], told.pk])

    def test_what_nobody_waits_for_comes_last_whoever_asked(self) -> None:
        batch = [self.order(self.owner, priority=Priority.BATCH).pk for _ in range(2)]
        later = self.order(self.friend, priority=Priority.BATCH).pk
        seen = [self.order(self.owner).pk for _ in range(2)]
        self.assertEqual(self.taken(5), [*seen, batch[0], later, batch[1]])

    def test_a_job_given_back_is_next_and_new_ones_do_not_go_to_its_turn(self) -> None:
        first = self.order(self.owner)
        claim = services.claim_next(self.make_worker().pk)
        for _ in range(5):
            self.order(self.owner)
        self.taken(4)
        services.requeue(claim)
        new = [self.order(self.friend).pk for _ in range(2)]
        last = Job.objects.in_line().filter(photo__owner=self.owner, attempt=0).get().pk
        self.assertEqual(self.taken(4), [first.pk, last, *new])

    def test_the_place_that_is_told_is_the_one_that_is_kept(self) -> None:
        for owner in (self.owner, self.owner, self.owner, self.friend, self.stranger):
            self.order(owner)
        shown = number_waiting(Photo.objects.with_state())
        by_place = [photo.latest_job.pk for photo in sorted(shown, key=lambda photo: photo.position)]
        self.assertEqual(self.taken(5), by_place)

    def test_a_claim_looks_at_one_entry_of_an_index(self) -> None:
        self.assertIn("job_in_line", Job.objects.in_line().values("pk")[:1].explain())
