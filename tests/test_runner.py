"""The runner's own: what several processes tell is counted as if one had run everything."""

import io
import os
import threading
import unittest

from django.test.utils import iter_test_cases

from tests.runner import CountingResult, Modules


def modules(*cases: type[unittest.TestCase]) -> dict[str, list[unittest.TestCase]]:
    return {case.__name__: list(unittest.defaultTestLoader.loadTestsFromTestCase(case)) for case in cases}


class Mixed(unittest.TestCase):
    def test_that_passes(self) -> None: ...

    def test_with_parts(self) -> None:
        for part in range(3):
            with self.subTest(part=part):
                self.lock = threading.Lock()  # neither this nor the error below could be sent
                self.assertNotEqual(part, 1, self.lock)

    def test_with_an_error(self) -> None:
        class OddError(Exception): ...

        raise OddError(threading.Lock())

    @unittest.skip("today")
    def test_that_is_skipped(self) -> None: ...

    @unittest.expectedFailure
    def test_that_was_expected_to_fail(self) -> None: ...


class Unset(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        raise OSError("no browser")

    def test_that_never_runs(self) -> None: ...


class Killed(unittest.TestCase):
    def test_that_ends_its_process(self) -> None:
        os._exit(3)


def load_tests(_loader: object, _tests: object, _pattern: object) -> unittest.TestSuite:
    """Those above are run by those below."""
    return unittest.defaultTestLoader.loadTestsFromTestCase(SharedTests)


class SharedTests(unittest.TestCase):
    def run_shared(self, *cases: type[unittest.TestCase]) -> tuple[CountingResult, str]:
        stream = io.StringIO()
        runner = unittest.TextTestRunner(stream, resultclass=CountingResult)
        return runner.run(Modules(modules(*cases), 2)), stream.getvalue()

    def test_everything_is_counted_and_told_in_words(self) -> None:
        result, told = self.run_shared(Mixed, Unset)
        self.assertEqual((1, 4, 1), (result.passed, result.failed, len(result.skipped)))
        for words in ("(part=1)", "OddError", "test_that_was_expected_to_fail", "OSError: no browser"):
            self.assertIn(words, told)
        self.assertIn("Mixed: 1 passed, 3 failed", told)

    def test_a_process_that_ends_in_the_middle_is_a_failure(self) -> None:
        result, told = self.run_shared(Killed)
        self.assertEqual((0, 1), (result.passed, result.failed))
        self.assertIn("ERROR: Killed", told)


class FleetTagTests(unittest.TestCase):
    def test_each_test_of_the_fleet_can_be_left_out(self) -> None:
        found = list(iter_test_cases(unittest.defaultTestLoader.discover("tests/fleet", top_level_dir=".")))
        self.assertGreater(len(found), 8)
        for test in found:
            self.assertIn("fleet", getattr(test, "tags", ()), test.id())
