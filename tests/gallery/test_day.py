"""The admin's page about the last day, its numbers and its charts."""

from datetime import UTC, datetime, timedelta

from django.db.models.functions import Now
from django.test import SimpleTestCase
from django.urls import reverse

from gallery import services
from gallery.admin.day import describe_day
from gallery.bars import BOTTOM, HEIGHT, TOP, WIDTH, draw_bars, draw_lines, rounded_up
from gallery.models import Cause, Job, Result
from tests.base import GalleryTestCase

LABELS = [f"{hour:02d}:00" for hour in range(24)]


class ChartTests(SimpleTestCase):
    def test_an_axis_ends_at_a_round_number(self) -> None:
        told = {0: 1, 1: 1, 1.2: 2, 3: 5, 7: 10, 18: 20, 499: 500, 1001: 2000}
        self.assertEqual({number: rounded_up(number) for number in told}, told)

    def test_bars_are_stacked_and_stay_within_the_drawing(self) -> None:
        chart = draw_bars({"done": [6] + 23 * [0], "failed": [4] + 23 * [0]}, LABELS)
        done, failed = chart.bars
        self.assertEqual((done.kind, failed.kind, chart.top), ("done", "failed", 10))
        self.assertAlmostEqual(done.y + done.height, HEIGHT - BOTTOM, places=1)
        self.assertAlmostEqual(failed.y + failed.height, done.y, places=1)
        self.assertAlmostEqual(failed.y, TOP, places=1)
        last = draw_bars({"done": 23 * [0] + [1]}, LABELS).bars[0]
        self.assertLessEqual(last.x + last.width, WIDTH)

    def test_a_line_has_a_gap_where_nothing_was_claimed(self) -> None:
        line = draw_lines({"waited": [1.0, 2.0, None, 3.0] + 20 * [None]}, LABELS).lines[0]
        self.assertEqual(line.path.count("M"), 2)

    def test_a_day_without_anything_has_empty_charts(self) -> None:
        self.assertEqual(draw_bars({"done": 24 * [0]}, LABELS).bars, [])
        self.assertEqual(draw_lines({"waited": 24 * [None]}, LABELS).lines[0].path, "")


class DayTests(GalleryTestCase):
    def test_the_hours_count_what_happened_in_them(self) -> None:
        self.make_colored(self.owner, mark=1)
        services.fail(self.claimed(self.make_photo(self.owner, mark=2)), "Too large.", Cause.MEMORY)
        earlier = self.make_colored(self.owner, mark=3)
        jobs = Job.objects.filter(photo=earlier)
        times = {"claimed_at": Now() - timedelta(hours=3), "ended_at": Now() - timedelta(hours=3)}
        jobs.update(queued_at=Now() - timedelta(hours=3, seconds=30), **times)
        too_old = self.make_colored(self.owner, mark=4)
        long_ago = Now() - timedelta(days=2)
        Job.objects.filter(photo=too_old).update(ended_at=long_ago, claimed_at=long_ago, changed_at=long_ago)
        day = describe_day()
        self.assertEqual(day["totals"], {"uploaded": 4, "done": 2, "failed": 1, "cancelled": 0})
        self.assertEqual((day["hours"][0].done, day["hours"][0].failed), (1, 1))
        waited = [hour for hour in day["hours"] if hour.longest_s and hour.longest_s > 20]
        self.assertEqual(len(waited), 1)
        self.assertAlmostEqual(waited[0].longest_s, 30, delta=1)
        self.assertEqual([(cause, count) for cause, _, count in day["causes"]], [("memory", 1)])

    def test_the_hours_end_with_the_one_that_is_under_way(self) -> None:
        hours = describe_day(datetime(2026, 3, 1, 5, 59, tzinfo=UTC))["hours"]
        self.assertEqual(len(hours), 24)
        self.assertEqual(hours[0].begins_at, datetime(2026, 3, 1, 5, tzinfo=UTC))
        self.assertEqual(hours[-1].begins_at, datetime(2026, 2, 28, 6, tzinfo=UTC))

    def test_stages_are_averaged_over_the_results_that_know_them(self) -> None:
        for mark, stages in enumerate(({"decode": 0.1, "color": 0.4}, {"decode": 0.3, "color": 1.2}, {})):
            photo = self.make_colored(self.owner, mark=mark)
            Result.objects.filter(job__photo=photo).update(stage_s=stages)
        read, color = describe_day()["stages"]
        self.assertAlmostEqual(read.mean_s, 0.2)
        self.assertAlmostEqual(color.mean_s, 0.8)
        self.assertAlmostEqual(color.share, 0.8)


class PageTests(GalleryTestCase):
    def test_it_shows_charts_and_the_same_in_numbers(self) -> None:
        self.make_colored(self.owner)
        services.fail(self.claimed(self.make_photo(self.owner, mark=2)), "Too large.", Cause.MEMORY)
        self.client.force_login(self.staff)
        page = self.client.get(reverse("admin:day"))
        self.assertContains(page, '<rect class="day-bar is-done"', count=1)
        self.assertContains(page, "Jobs ended in 24 hours: 1 done, 1 failed, 0 canceled")
        self.assertContains(page, "?status__exact=failed&amp;cause__exact=memory")
        self.assertEqual(
            self.client.get(reverse("admin:gallery_job_changelist") + "?cause__exact=memory").status_code, 200
        )
        self.assertContains(self.client.get(reverse("admin:index")), reverse("admin:day"))

    def test_an_empty_site_has_the_page_too(self) -> None:
        self.client.force_login(self.staff)
        page = self.client.get(reverse("admin:day"))
        self.assertContains(page, "Nothing was colored.")
        self.assertContains(page, "None failed.")

    def test_in_german_no_number_of_the_drawing_has_a_comma(self) -> None:
        self.make_colored(self.owner)
        self.client.force_login(self.staff)
        page = self.client.get(reverse("admin:day"), headers={"Accept-Language": "de"})
        self.assertNotRegex(page.content.decode(), r'(x|y|height|width|value)="\d+,')

    def test_staff_without_the_right_may_not_see_it(self) -> None:
        self.client.force_login(self.make_clerk("view_photo"))
        self.assertEqual(self.client.get(reverse("admin:day")).status_code, 403)
        self.assertNotContains(self.client.get(reverse("admin:index")), reverse("admin:day"))
        self.client.force_login(self.stranger)
        self.assertEqual(self.client.get(reverse("admin:day")).status_code, 302)
