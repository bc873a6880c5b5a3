"""The public pages of the model's versions: what they say, and that they show nobody's photographs."""

from copy import deepcopy
from dataclasses import replace

from django.test import SimpleTestCase
from django.urls import reverse

from gallery import files, model_cards, services
from gallery.figures import FIGURES
from gallery.keys import new_comparison_keys
from gallery.models import ModelVersion, Side
from gallery.version_chart import HEIGHT, WIDTH, draw_chart
from tests import pictures
from tests.base import GalleryTestCase
from tests.gallery.training_rows import TrainingRows

CARD = {
    "data": {"scenes-train": 14782},
    "limits": "Cars stay brown.",
    "figures": {
        "scenes": {
            "grey": {"ciede2000": 9.98, "colorfulness": 0.0},
            "generator": {"ciede2000": 7.63, "colorfulness": 20.5},
            "truth": {"ciede2000": 0.0, "colorfulness": 34.5},
        }
    },
}


def check(photos: str, candidate: float | None, active: float | None, *, passed: bool | None = True) -> dict:
    return {
        "rule": "Colors are as near to the truth (CIEDE2000)",
        "photos": photos,
        "figure": "ciede2000",
        "candidate": candidate,
        "active": active,
        "passed": passed,
    }


class VersionPageTestCase(TrainingRows, GalleryTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.shipped = services.ensure_shipped_version("photolab-test", "a" * 64, card=deepcopy(CARD))
        self.make_set(self.staff)

    def trained(self, gate: list[dict], *, comparisons: list[dict] | None = None) -> ModelVersion:
        """By a whole run with a frozen snapshot."""
        self.start()
        claim = self.claimed_run()
        services.freeze_snapshot(claim)
        new = replace(self.new_version(gate=gate), compared_with=self.shipped.pk, comparisons=comparisons or [])
        return services.finish_run(claim, new)

    def comparison(self) -> dict:
        (keys,) = new_comparison_keys(1, 1, count=1)
        for number, key in enumerate((keys.candidate, keys.active, keys.grey)):
            files.store(key, pictures.jpeg((64, 48), mark=number))
        return {
            "photograph": "golden/one.jpg",
            "candidate_key": keys.candidate,
            "active_key": keys.active,
            "grey_key": keys.grey,
            "candidate_error": 7.25,
            "active_error": 8.5,
        }

    def page(self, version: ModelVersion) -> str:
        return self.client.get(reverse("model", args=[version.number])).content.decode()


class ModelTests(VersionPageTestCase):
    def test_the_shipped_versions_card_is_for_everybody(self) -> None:
        page = self.page(self.shipped)
        for words in ("a" * 64, "In use", "Cars stay brown.", "scenes (", "7.63", "9.98", "it came with Photo-Lab"):
            self.assertIn(words, page)

    def test_what_was_not_measured_has_no_column_and_no_explanation(self) -> None:
        (table,) = model_cards.figure_tables(self.shipped)
        self.assertEqual(table.columns, ["This version", "No color at all", "The true photographs"])
        del self.shipped.card["figures"]["scenes"]["generator"]["colorfulness"]
        (table,) = model_cards.figure_tables(self.shipped)
        self.assertEqual(table.columns, ["This version", "No color at all"])
        self.assertEqual([figure.title for figure in model_cards.explained(self.shipped)], [table.rows[0].figure.title])

    def test_a_trained_version_tells_its_data_and_what_was_withdrawn(self) -> None:
        version = self.trained([check("golden", 7.1, 7.6)])
        learned = version.run.snapshot.filter(side=Side.TRAIN)
        services.delete_images([learned.first().collected_id], self.staff)
        data = model_cards.data_of(version)
        held_out = version.run.snapshot.filter(side=Side.HOLDOUT).count()
        self.assertEqual((data.learned_from, data.held_out, data.withdrawn), (learned.count(), held_out, 1))
        page = self.page(version)
        self.assertIn(f"{data.learned_from} pictures", page)
        self.assertIn(reverse("model", args=[self.shipped.number]), page)
        self.assertIn("Written about version 1", page)
        self.assertIn("Cars stay brown.", page)

    def test_the_gates_verdict_is_told_rule_by_rule(self) -> None:
        gate = [
            check("golden", 7.1, 7.6),
            check("holdout", 9.9, 7.6, passed=False),
            check("holdout", None, None, passed=None),
        ]
        rows = model_cards.gate_rows(self.trained(gate))
        self.assertEqual([row.verdict for row in rows], ["Passed", "Not passed", "Not applied"])
        self.assertEqual([(row.own, row.other) for row in rows], [("7.10", "7.60"), ("9.90", "7.60"), ("-", "-")])
        self.assertIn("It broke 1 rule.", self.page(ModelVersion.objects.get(number=2)))

    def test_who_started_and_who_promoted_it_and_why_is_not_public(self) -> None:
        version = self.trained([check("golden", 7.1, 7.6)])
        services.promote_version(version.pk, self.staff, reason="A secret reason.")
        page = self.page(version)
        self.assertIn("Promoted", page)
        self.assertNotIn("A secret reason.", page)
        self.assertNotIn(self.staff.username, page)

    def test_samples_are_the_golden_photographs_and_no_other_file(self) -> None:
        comparison = self.comparison()
        version = self.trained([], comparisons=[comparison])
        services.reject_version(version.pk, self.staff)
        self.assertIn("7.25", self.page(version))
        for kind in ("candidate", "active", "grey"):
            answer = self.client.get(reverse("model_sample", args=[version.number, 0, kind]))
            with (self.media / comparison[f"{kind}_key"]).open("rb") as file:
                self.assertEqual((answer["Content-Type"], answer.content), ("image/jpeg", file.read()))
        for number, position, kind in ((version.number, 1, "grey"), (1, 0, "grey"), (version.number, 0, "photograph")):
            self.assertEqual(self.client.get(f"/models/{number}/samples/{position}/{kind}/").status_code, 404)

    def test_a_candidates_samples_are_hidden_so_that_whoever_judges_it_stays_blind(self) -> None:
        version = self.trained([], comparisons=[self.comparison()])
        page = self.page(version)
        self.assertIn("They are shown once it is decided on.", page)
        self.assertNotIn("<figure>", page)
        for kind in ("candidate", "active", "grey"):
            sample = reverse("model_sample", args=[version.number, 0, kind])
            self.assertEqual(self.client.get(sample).status_code, 404)

    def test_a_version_that_is_not_there_is_not_found(self) -> None:
        for number in (99, 10**30):
            self.assertEqual(self.client.get(f"/models/{number}/").status_code, 404)

    def test_a_version_without_figures_or_gate_says_so(self) -> None:
        ModelVersion.objects.update(card={})
        page = self.page(self.shipped)
        self.assertIn("No figures were kept for this version.", page)
        self.assertIn("Nobody has written that down", page)


class ModelsTests(VersionPageTestCase):
    def test_before_the_first_version_the_list_says_why_it_is_empty(self) -> None:
        ModelVersion.objects.all().delete()
        self.assertContains(self.client.get(reverse("models")), "No version is known yet.")

    def test_the_chart_is_of_the_golden_set_and_has_what_the_gate_measured_of_the_version_before(self) -> None:
        self.trained([check("holdout", 5.0, 6.0), check("golden", 7.1, 7.6)])
        found = model_cards.over_versions(list(ModelVersion.objects.select_related("compared_with")), "ciede2000")
        self.assertEqual(found, (model_cards.SETS["golden"], {1: 7.6, 2: 7.1}))
        page = self.client.get(reverse("models"))
        self.assertContains(page, "Version 2: 7.10")
        self.assertContains(page, '<td class="number">7.60</td>')

    def test_without_a_golden_set_it_is_of_what_most_were_judged_by(self) -> None:
        found = model_cards.over_versions([self.shipped], "ciede2000")
        self.assertEqual(found, (model_cards.SETS["scenes"], {1: 7.63}))
        self.assertEqual(model_cards.over_versions([self.shipped], "skin_share"), ("", {}))

    def test_more_versions_ask_no_more_of_the_database(self) -> None:
        version = self.trained([check("golden", 7.1, 7.6)])
        for queries in (2, 1):  # the pictures of a snapshot are counted once
            with self.assertNumQueries(queries):
                page = self.client.get(reverse("models"))
            self.assertEqual([row[0].number for row in page.context["rows"]], [2, 1])
            learned_from = version.run.snapshot.filter(side=Side.TRAIN).count()
            self.assertContains(page, f'<td class="number">{learned_from}</td>')
        services.promote_version(version.pk, self.staff, reason="a test")
        latest = ModelVersion.objects.get(pk=self.trained([check("golden", 7.0, 7.1)]).pk)
        with self.assertNumQueries(1):
            self.assertIn(self.shipped, [written_about for written_about, _ in model_cards.limits_of(latest)])

    def test_every_page_names_the_list_in_its_footer(self) -> None:
        self.assertContains(self.client.get(reverse("home")), f'href="{reverse("models")}"')


class ChartTests(SimpleTestCase):
    figure = FIGURES["ciede2000"]

    def test_dots_stand_in_order_lower_figures_lower_and_within_the_drawing(self) -> None:
        chart = draw_chart(self.figure, "any", {3: 7.5, 1: 7.6, 2: 7.1}, active=2)
        self.assertEqual([dot.number for dot in chart.dots], [1, 2, 3])
        self.assertLess(chart.dots[0].y, chart.dots[1].y)
        self.assertEqual([dot.is_active for dot in chart.dots], [False, True, False])
        self.assertEqual([tick.label for tick in chart.ticks], ["7.10", "7.60"])
        for dot in chart.dots:
            self.assertTrue(0 < dot.x < WIDTH and 0 < dot.y < HEIGHT)

    def test_one_version_or_equal_figures_are_a_line_in_the_middle(self) -> None:
        for values in ({1: 7.6}, {1: 7.6, 2: 7.6}, {1: 0.0}):
            chart = draw_chart(self.figure, "any", values, active=None)
            self.assertEqual((len(chart.dots), len(chart.ticks)), (len(values), 1))

    def test_of_many_versions_some_are_numbered(self) -> None:
        chart = draw_chart(self.figure, "any", {number: float(number) for number in range(1, 41)}, active=None)
        self.assertEqual(sum(dot.is_numbered for dot in chart.dots), 10)
