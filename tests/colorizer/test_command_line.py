"""The command line as a person uses it: once in a process of its own, then by its entry point, which is quicker."""

import contextlib
import io
import json
import subprocess
import sys
import tempfile
import unittest
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from colorizer.__main__ import main
from tests.colorizer.drawings import landscape

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Done:
    returncode: int
    stdout: str
    stderr: str


def run(*arguments: object) -> Done:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            status = main([str(argument) for argument in arguments])
        except SystemExit as ended:  # argparse, after --help or wrong use
            status = int(ended.code or 0)
    return Done(status, out.getvalue(), err.getvalue())


class CommandLineTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def test_a_folder_keeps_its_relative_names_and_a_bad_file_spoils_nothing(self) -> None:
        photos = self.folder / "in" / "1910"
        photos.mkdir(parents=True)
        landscape(120, 90).convert("L").save(photos / "farm.jpg")
        light = np.asarray(landscape(100, 80).convert("L"), dtype=np.uint16) * 257
        Image.fromarray(light).save(self.folder / "in" / "scan.tif")  # 16 bit
        (self.folder / "in" / "broken.jpg").write_bytes(b"\xff\xd8 no more")
        done = run("colorize", self.folder / "in", "--out", self.folder / "out", "--format", "jpg", "--warmth", 0.2)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        self.assertIn("broken.jpg", done.stderr)
        written = {p.relative_to(self.folder / "out").as_posix() for p in (self.folder / "out").rglob("*.*")}
        self.assertEqual(written, {"1910/farm.jpg", "scan.jpg"})
        with Image.open(self.folder / "out" / "scan.jpg") as scan:
            self.assertEqual(scan.size, (100, 80))
            self.assertLess(np.asarray(scan.convert("L")).mean(), 200)  # not clipped to white

    def test_hints_of_a_file_are_kept_to(self) -> None:
        photo, hints = self.folder / "wall.png", self.folder / "hints.json"
        Image.new("L", (200, 160), 130).save(photo)
        told = {"hints": [{"x": 50, "y": 80, "radius": 6, "color": "#a06a6a"}], "keep_grey": []}
        hints.write_text(json.dumps(told))
        done = run("colorize", photo, "--out", self.folder / "out", "--hints", hints)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        with Image.open(self.folder / "out" / "wall.png") as colored:
            red, green, blue = colored.convert("RGB").getpixel((50, 80))
        self.assertGreater(red - max(green, blue), 25)
        told["keep_grey"] = [{"x": 50, "y": 80, "radius": 200}]
        hints.write_text(json.dumps({**told, "hints": []}))
        run("colorize", photo, "--out", self.folder / "grey", "--hints", hints)
        with Image.open(self.folder / "grey" / "wall.png") as kept:
            self.assertLess(max(np.ptp(np.asarray(kept.convert("RGB")).astype(int), axis=2).ravel()), 3)
        hints.write_text('{"hints": [{"x": 50}]}')
        refused = run("colorize", photo, "--out", self.folder / "none", "--hints", hints)
        self.assertEqual((refused.returncode, len(refused.stderr.splitlines())), (1, 1))
        self.assertIn("written as #rrggbb", refused.stderr)

    def test_a_result_is_of_its_sources_kind_unless_told_otherwise(self) -> None:
        landscape(64, 48).save(self.folder / "a.jpeg")
        command = [sys.executable, "-m", "colorizer", "colorize", self.folder / "a.jpeg", "--out", self.folder / "out"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        with Image.open(self.folder / "out" / "a.jpg") as result:
            self.assertEqual((result.format, result.size), ("JPEG", (64, 48)))
        done = run(
            "colorize", self.folder / "a.jpeg", "--out", self.folder / "out", "--format", "avif", "--quality", 50
        )
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        with Image.open(self.folder / "out" / "a.avif") as result:
            self.assertEqual((result.format, result.size), ("AVIF", (64, 48)))
        self.assertEqual({"a.jpg", "a.avif"}, {path.name for path in (self.folder / "out").iterdir()})

    def test_a_photograph_that_needs_too_much_memory_is_one_clear_line(self) -> None:
        landscape(64, 48).save(self.folder / "a.png")
        done = run("colorize", self.folder / "a.png", "--out", self.folder / "out", "--memory-limit", "0.5")
        self.assertEqual((done.returncode, len(done.stderr.splitlines())), (1, 1), done.stderr)
        self.assertIn("0.5 GB are allowed", done.stderr)

    def test_what_is_of_another_kind_than_its_name_keeps_its_kind(self) -> None:
        landscape(64, 48).save(self.folder / "a.jpg", "PNG")
        done = run("colorize", self.folder / "a.jpg", "--out", self.folder / "out")
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        with Image.open(self.folder / "out" / "a.jpg.png") as result:
            self.assertEqual("PNG", result.format)

    def test_no_source_is_written_over(self) -> None:
        landscape(64, 48).save(self.folder / "a.png")
        done = run("colorize", self.folder / "a.png", "--out", self.folder)
        self.assertEqual((done.returncode, len(done.stderr.splitlines())), (1, 1), done.stderr)
        self.assertIn("written over", done.stderr)

    def test_no_file_beside_a_source_is_written_over(self) -> None:
        """A photograph and its working copy of another format, and one source that would become another."""
        (self.folder / "below").mkdir()
        landscape(64, 48).save(self.folder / "a.png")
        landscape(64, 48, seed=1).save(self.folder / "a.jpg")
        landscape(64, 48, seed=2).save(self.folder / "below" / "a.png")
        before = (self.folder / "a.jpg").read_bytes()
        for sources in ((self.folder / "a.png",), (self.folder / "a.jpg", self.folder / "below")):
            done = run("colorize", *sources, "--out", self.folder, "--format", "jpg" if len(sources) == 1 else "png")
            self.assertEqual((done.returncode, len(done.stderr.splitlines())), (1, 1), done.stderr)
        self.assertEqual(before, (self.folder / "a.jpg").read_bytes())

    def test_results_of_an_earlier_run_are_not_colored_again(self) -> None:
        landscape(64, 48).save(self.folder / "a.png")
        for _ in range(2):
            done = run("colorize", self.folder, "--out", self.folder / "colored")
            self.assertEqual((0, ""), (done.returncode, done.stderr))
            self.assertIn("1 colored, 0 failed", done.stdout)
        self.assertEqual(["a.png"], [path.name for path in (self.folder / "colored").rglob("*")])

    def test_two_photographs_of_one_name_are_refused_before_any_work(self) -> None:
        for suffix in ("jpg", "png"):
            landscape(64, 48).save(self.folder / f"a.{suffix}")
        done = run("colorize", self.folder, "--out", self.folder / "out", "--format", "webp")
        self.assertEqual(done.returncode, 1)
        self.assertIn("would both become", done.stderr)
        self.assertFalse((self.folder / "out").exists())

    def test_mistakes_are_one_clear_line(self) -> None:
        nowhere = self.folder / "nowhere"
        for arguments, said in (
            (("colorize", nowhere, "--out", self.folder), "does not exist"),
            (("colorize", self.folder, "--out", self.folder), "no photographs"),
            (("evaluate", nowhere, "--json", self.folder / "f.json"), "neither a folder nor a zip"),
            (("train", "--data", nowhere, "--out", self.folder / "run"), "no folder"),
            (("train", "--data", self.folder, "--out", self.folder / "run"), "neither a folder nor a zip"),
            (("colorize", ROOT / "manage.py", "--weights", nowhere, "--out", self.folder), "no card"),
        ):
            with self.subTest(said=said):
                done = run(*arguments)
                self.assertEqual(done.returncode, 1)
                self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
                self.assertIn(said, done.stderr)

    def test_each_command_explains_itself(self) -> None:
        for command in ("colorize", "train", "evaluate"):
            done = run(command, "--help")
            self.assertEqual(done.returncode, 0)
            self.assertIn("usage: python -m colorizer", done.stdout)

    def test_threads_are_those_of_reading_and_writing_too(self) -> None:
        landscape(64, 48).save(self.folder / "a.png")
        script = (
            "import sys, pyvips, torch; from colorizer.__main__ import main; main(sys.argv[1:]); "
            "print(torch.get_num_threads(), pyvips.concurrency_get())"
        )
        command = [sys.executable, "-c", script, "colorize", self.folder / "a.png", "--out", self.folder / "out"]
        done = subprocess.run([*command, "--threads", "1"], cwd=ROOT, capture_output=True, text=True, check=True)
        self.assertEqual("1 1", done.stdout.splitlines()[-1])

    def test_wrong_use_is_told_apart_from_failure(self) -> None:
        for arguments in (
            ("colorize",),
            ("evaluate", self.folder, "--json", "f.json", "--limit", "0"),
            ("evaluate", self.folder, "--json", "f.json", "--sheet", "sheet.foo"),
            ("colorize", self.folder, "--out", self.folder, "--threads", "-1"),
            ("colorize", self.folder, "--out", self.folder, "--vividness", "3"),
            ("colorize", self.folder, "--out", self.folder, "--quality", "high"),
        ):
            self.assertEqual(run(*arguments).returncode, 2, arguments)

    def test_a_place_that_cannot_be_written_is_one_clear_line(self) -> None:
        landscape(64, 48).save(self.folder / "a.png")
        below, fine = self.folder / "a.png" / "f", self.folder / "new" / "f.json"
        for places in (("--json", below), ("--json", fine, "--sheet", below.with_suffix(".png"))):
            done = run("evaluate", self.folder, *places, "--size", 64)
            self.assertEqual((done.returncode, len(done.stderr.splitlines())), (1, 1), done.stderr)
        self.assertFalse(fine.exists(), "was scored before the sheet's place was looked at")

    def test_a_file_that_is_damaged_in_the_middle_spoils_no_other(self) -> None:
        landscape(64, 48).save(self.folder / "a.png")
        blob = bytearray((self.folder / "a.png").read_bytes())
        blob[33:41] = b"\xff" * 8  # the header of the second chunk
        (self.folder / "b.png").write_bytes(blob)
        done = run("colorize", self.folder, "--out", self.folder / "out")
        self.assertEqual((done.returncode, len(done.stderr.splitlines())), (1, 1), done.stderr)
        self.assertTrue((self.folder / "out" / "a.png").exists())
