"""Django's test runner with a plain closing line, the very last that it prints: N passed, N failed.

A run without a single test counts as failed.
"""

import unittest
from typing import Any

from django.test.runner import DiscoverRunner
from django.test.utils import iter_test_cases

from tests.e2e.browser import BrowserTestCase, find_chromium


class CountingResult(unittest.TextTestResult):
    """Counts what passed; unittest itself counts only the rest."""

    passed = 0

    def addSuccess(self, test: unittest.TestCase) -> None:  # noqa: N802  the name is unittest's
        super().addSuccess(test)
        self.passed += 1


class CountingRunner(DiscoverRunner):
    def get_resultclass(self) -> type[unittest.TextTestResult]:
        return CountingResult

    def build_suite(self, *args: Any, **kwargs: Any) -> unittest.TestSuite:
        """A missing browser is told before the first test, not in the middle."""
        suite = super().build_suite(*args, **kwargs)
        if any(isinstance(test, BrowserTestCase) for test in iter_test_cases(suite)):
            find_chromium()
        return suite

    def suite_result(self, suite: unittest.TestSuite, result: CountingResult, **kwargs: Any) -> int:
        failed = len(result.failures) + len(result.errors) + len(result.unexpectedSuccesses)
        skipped = len(result.skipped)
        self.closing_line = f"{result.passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else "")
        return failed if result.testsRun else 1

    def run_tests(self, test_labels: list[str], **kwargs: Any) -> int:
        self.closing_line = "0 passed, 0 failed"
        try:
            return super().run_tests(test_labels, **kwargs)
        finally:
            print(self.closing_line, flush=True)
