"""Loss curves as SVG paths: where they begin and end, and what is not drawn."""

from django.test import SimpleTestCase

from gallery.curves import draw_curves


class CurveTests(SimpleTestCase):
    def test_each_loss_has_its_own_scale_and_the_steps_one(self) -> None:
        l1, bins = draw_curves([(0, {"l1": 4.0, "bins": 0.2}), (50, {"l1": 2.0, "bins": 0.4})], steps=100)
        self.assertEqual((l1.name, l1.lowest, l1.highest, l1.last), ("l1", 2.0, 4.0, 2.0))
        self.assertEqual(l1.path, "M0.0 0.0L0.0 0.0L160.0 120.0")
        self.assertEqual(bins.path, "M0.0 120.0L0.0 120.0L160.0 0.0")

    def test_a_gap_is_left_where_a_loss_was_not_told(self) -> None:
        told = [(0, {"l1": 1.0}), (1, {"l1": None}), (2, {}), (3, {"l1": 2.0, "late": 5.0}), (4, {"l1": float("nan")})]
        l1, late = draw_curves(told, steps=4)
        self.assertEqual(l1.path.count("M"), 2)
        self.assertEqual(l1.last, 2.0)
        self.assertEqual(late.path, "M240.0 60.0L240.0 60.0")

    def test_what_never_was_a_number_has_no_curve(self) -> None:
        self.assertEqual(draw_curves([(0, {"l1": None})], steps=10), [])
        self.assertEqual(draw_curves([], steps=10), [])

    def test_steps_beyond_the_end_stay_inside(self) -> None:
        (curve,) = draw_curves([(0, {"l1": 1.0}), (20, {"l1": 2.0})], steps=10)
        self.assertTrue(curve.path.endswith("L320.0 0.0"))
