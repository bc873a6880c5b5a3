"""The runner of `make test-fleet`: a table says what became of each test, how long it took, and what it counted."""

import time
import unittest
from typing import Any

from tests.runner import CountingResult, CountingRunner


class TimedResult(CountingResult):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rows: list[tuple[str, str, float, str]] = []

    def startTest(self, test: unittest.TestCase) -> None:  # noqa: N802  the name is unittest's
        super().startTest(test)
        self._before = (time.monotonic(), self.failed, len(self.skipped))

    def stopTest(self, test: unittest.TestCase) -> None:  # noqa: N802
        super().stopTest(test)
        began, failed, skipped = self._before
        outcome = "FAILED" if self.failed > failed else "skipped" if len(self.skipped) > skipped else "passed"
        name = test._testMethodName.removeprefix("test_").replace("_", " ")
        self.rows.append((name, outcome, time.monotonic() - began, getattr(test, "figures", "")))


class FleetRunner(CountingRunner):
    def get_resultclass(self) -> type[unittest.TextTestResult]:
        return TimedResult

    def suite_result(self, suite: unittest.TestSuite, result: TimedResult, **kwargs: Any) -> int:
        width = max((len(name) for name, *_ in result.rows), default=0)
        for name, outcome, seconds, figures in result.rows:
            print(f"{name:<{width}}  {outcome}  {seconds:5.0f} s  {figures}")
        print(f"{'all':<{width}}          {sum(seconds for _, _, seconds, _ in result.rows):5.0f} s")
        return super().suite_result(suite, result, **kwargs)
