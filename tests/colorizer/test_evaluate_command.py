"""The scoreboard, from Python and from the command line, on drawn pictures of two classes that differ in color."""

import hashlib
import io
import json
import tempfile
import unittest
import zipfile
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from colorizer.color import lab_to_rgb, rgb_to_lab, to_tensor
from colorizer.data import PhotoSet
from colorizer.errors import ImageError
from colorizer.evaluation import TRUTH
from colorizer.judge import Judge, learn_probe
from colorizer.scoreboard import FIGURES, GREY, MEAN_AB, MEAN_COLOR, Scoreboard, score
from tests.colorizer.drawings import landscape, write_zip
from tests.colorizer.test_command_line import run
from tests.colorizer.test_inference import SHIPPED

HOLDOUT_ONE_IN = 50


def picture(seed: int, *, strange: bool) -> bytes:
    """A small landscape as PNG; a strange one has the opposite color everywhere, and the same light."""
    lab = rgb_to_lab(to_tensor(landscape(64, 64, seed=seed)).float() / 255)
    if strange:
        lab[1:] *= -1
    blob = io.BytesIO()
    pixels = (lab_to_rgb(lab) * 255).round().byte().permute(1, 2, 0).contiguous().numpy()
    Image.fromarray(pixels).save(blob, "PNG")
    return blob.getvalue()


def write_classes(path: Path, *, seeds: range) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for seed in seeds:
            archive.writestr(f"set/hills/{seed}.png", picture(seed, strange=False))
            archive.writestr(f"set/strange/{seed}.png", picture(seed, strange=True))


class Folder(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)


class ScoreTest(Folder):
    rows: Scoreboard

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        write_classes(cls.folder / "set-train.zip", seeds=range(100, 112))
        write_classes(cls.folder / "set-val.zip", seeds=range(12))
        cls.judge = Judge()
        probe = learn_probe(
            cls.judge, PhotoSet(cls.folder / "set-train.zip"), size=64, limit=100, cache=cls.folder / "cache"
        )
        painters = {"too blue": lambda light: torch.cat((light * 0, light * 0 - 100), dim=1)}
        photos = PhotoSet(cls.folder / "set-val.zip")
        cls.board = score(painters, photos, judge=cls.judge, probe=probe, size=64)

    def _value(self, row: str, figure: str) -> float | None:
        return self.board.rows[row][figure].value

    def test_the_rows_stand_in_order_and_have_all_figures(self) -> None:
        self.assertEqual(list(self.board.rows), [GREY, MEAN_COLOR, "too blue", TRUTH])
        for row in self.board.rows.values():
            self.assertEqual(list(row), list(FIGURES))

    def test_the_truth_has_the_best_of_everything(self) -> None:
        for figure in ("ciede2000", "colorfulness_gap", "kernel_distance", "edge_bleed", "light_change_max"):
            self.assertAlmostEqual(self._value(TRUTH, figure), 0, delta=0.05, msg=figure)
        self.assertAlmostEqual(self._value(TRUTH, "frechet_distance"), 0, places=4)

    def test_classes_that_differ_in_color_are_read_from_the_truth_and_guessed_from_grey(self) -> None:
        self.assertGreater(self._value(TRUTH, "top1"), 0.9)
        self.assertAlmostEqual(self._value(GREY, "top1"), 0.5, delta=0.1)
        self.assertEqual((self._value(GREY, "recovery"), self._value(TRUTH, "recovery")), (0, 1))
        likelihood = {row: self._value(row, "likelihood_recovery") for row in (GREY, "too blue", TRUTH)}
        self.assertEqual((likelihood[GREY], likelihood[TRUTH]), (0, 1))
        self.assertLess(likelihood["too blue"], 0.5)
        self.assertLess(self._value(TRUTH, "likelihood"), 0)
        self.assertGreater(self._value(TRUTH, "likelihood"), self._value(GREY, "likelihood"))
        interval = self.board.rows["too blue"]["recovery"]
        self.assertAlmostEqual(interval.value, 0, delta=0.3)
        self.assertLess(interval.high, 0.7)
        self.assertEqual(interval.n, 24)

    def test_what_is_wrong_with_each_row_shows(self) -> None:
        self.assertEqual(self._value(GREY, "no_color_share"), 1)
        self.assertAlmostEqual(self._value(GREY, "edge_bleed"), 1, places=3)
        self.assertGreater(self._value("too blue", "outside_gamut_share"), 0.5)
        self.assertGreater(self._value("too blue", "frechet_distance"), self._value(GREY, "frechet_distance"))
        self.assertLess(self._value(MEAN_COLOR, "colorfulness"), 12)

    def test_without_people_skin_has_no_figure(self) -> None:
        skin = self.board.rows[TRUTH]["skin_share"]
        self.assertEqual((skin.value, skin.n), (None, 0))

    def test_the_mean_color_is_that_of_the_constant(self) -> None:
        truth = torch.stack([to_tensor(self._photo(index)).float() / 255 for index in range(24)])
        expected = (rgb_to_lab(truth)[:, 1:] - torch.tensor(MEAN_AB)[:, None, None]).abs().mean()
        self.assertAlmostEqual(self._value(MEAN_COLOR, "mean_abs_ab"), float(expected), places=3)

    def test_the_probe_looks_at_each_picture_once(self) -> None:
        kept = list((self.folder / "cache").iterdir())
        self.assertEqual(len(kept), 1)
        told: list[int] = []
        again = learn_probe(
            self.judge,
            PhotoSet(self.folder / "set-train.zip"),
            size=64,
            limit=100,
            cache=self.folder / "cache",
            progress=lambda done, total: told.append(done),
        )
        self.assertEqual((told, again.classes), ([], ("hills", "strange")))

    def test_a_set_of_one_class_teaches_nothing(self) -> None:
        write_zip(self.folder / "one.zip", count=2)
        with self.assertRaisesRegex(ImageError, "too few folders"):
            learn_probe(self.judge, PhotoSet(self.folder / "one.zip"), size=64, limit=9)

    def _photo(self, index: int) -> Image.Image:
        return PhotoSet(self.folder / "set-val.zip").open(index)


class PeopleTest(Folder):
    def test_skin_is_looked_for_in_the_folders_of_people(self) -> None:
        skin = np.full((64, 64, 3), (224, 172, 140), dtype=np.uint8)
        for name, count in (("Faces", 10), ("bricks", 3)):
            (self.folder / name).mkdir()
            for index in range(count):
                Image.fromarray(skin - index).save(self.folder / name / f"{index}.png")
        board = score({}, PhotoSet(self.folder), judge=Judge(), size=64)
        for row, share in ((GREY, 0), (TRUTH, 1)):
            self.assertEqual((board.rows[row]["skin_share"].value, board.rows[row]["skin_share"].n), (share, 10))


class CommandTest(Folder):
    def test_it_writes_figures_and_a_sheet_and_prints_a_table(self) -> None:
        write_classes(self.folder / "val.zip", seeds=range(2))
        write_classes(self.folder / "train.zip", seeds=range(50, 54))
        report_path = self.folder / "figures.json"
        done = run(
            *("evaluate", self.folder / "val.zip", "--json", report_path, "--sheet", self.folder / "sheet.png"),
            *("--size", 64, "--row", f"as before={SHIPPED}", "--probe", self.folder / "train.zip"),
        )
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        report = json.loads(report_path.read_text())
        self.assertEqual(list(report["rows"]), [GREY, MEAN_COLOR, "as before", "candidate", TRUTH])
        self.assertEqual(report["rows"]["as before"], report["rows"]["candidate"])
        self.assertEqual(report["models"]["candidate"]["digest"], report["models"]["as before"]["digest"])
        self.assertEqual((report["photos"], report["pictures"], report["probe"]["classes"]), ("val.zip", 4, 2))
        self.assertEqual(report["feature_network"], "efficientnet-lite2, bfloat16")
        self.assertEqual(report["torch"], torch.__version__)
        self.assertNotIn(str(self.folder), report_path.read_text())
        self.assertEqual(set(report["rows"][TRUTH]["top1"]), {"value", "error", "low", "high", "n"})
        self.assertIn("kernel_distance", done.stdout)
        with Image.open(self.folder / "sheet.png") as sheet:
            self.assertGreater(sheet.width, 5 * 64)

    def test_held_out_photographs_are_scored_and_never_learned_from(self) -> None:
        path = self.folder / "tiny-train.zip"
        held_out = 0
        with zipfile.ZipFile(path, "w") as archive:
            for seed in range(1000):
                blob = picture(seed, strange=bool(seed % 2))
                apart = int.from_bytes(hashlib.sha256(blob).digest()[:8]) % HOLDOUT_ONE_IN == 0
                if apart or seed < 10:
                    archive.writestr(f"{'hills' if seed % 2 else 'strange'}/{seed}.png", blob)
                held_out += apart
                if seed >= 10 and held_out:
                    break
            total = len(archive.namelist())
        done = run(
            *("evaluate", path, "--holdout", "--probe", path, "--json", self.folder / "f.json", "--size", 64),
        )
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        report = json.loads((self.folder / "f.json").read_text())
        self.assertEqual((report["pictures"], report["probe"]["pictures"]), (held_out, total - held_out))
        self.assertIsNone(report["rows"]["grey"]["frechet_distance"]["value"])  # of a single picture

    def test_mistakes_are_one_clear_line(self) -> None:
        write_zip(self.folder / "set.zip", count=1)
        for more, said in (
            (("--size", 63), "multiple of 32"),
            (("--row", f"grey={SHIPPED}"), "would be called grey"),
            (("--row", f"a={SHIPPED}", "--row", f"a={SHIPPED}"), "would be called a"),
            (("--probe", self.folder / "set.zip"), "too few folders"),
        ):
            with self.subTest(said=said):
                done = run("evaluate", self.folder / "set.zip", "--json", self.folder / "f.json", *more)
                self.assertEqual((done.returncode, len(done.stderr.splitlines())), (1, 1), done.stderr)
                self.assertIn(said, done.stderr)

    def test_a_row_without_weights_is_wrong_use(self) -> None:
        self.assertEqual(run("evaluate", self.folder, "--json", "f.json", "--row", "L1").returncode, 2)
