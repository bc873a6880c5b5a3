"""Django's test runner with a plain closing line, the very last that it prints: N passed, N failed.

With --parallel N, so many processes take one module after the other, each process with a database of its own. Classes
tagged "alone", because they measure time, follow when those are done. A run without a single test counts as failed.
"""

import io
import multiprocessing
import os
import time
import unittest
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch is loaded: threads of several processes only wait

from django.db import connections
from django.test.runner import DiscoverRunner
from django.test.utils import iter_test_cases
from django.utils import translation

from tests.e2e.browser import BrowserTestCase, find_chromium

ALONE = "alone"
LAST = "tests.gallery."  # many small modules: so the processes end together
MODULES: list[unittest.TestSuite] = []  # in forked processes: suites cannot be sent, only inherited


class CountingResult(unittest.TextTestResult):
    """Counts what passed; unittest itself counts only the rest. No test leaves its language to the next one."""

    passed = 0

    def startTest(self, test: unittest.TestCase) -> None:  # noqa: N802  the name is unittest's
        translation.deactivate()  # Django's middleware leaves a thread in the language of its last request
        super().startTest(test)

    def addSuccess(self, test: unittest.TestCase) -> None:  # noqa: N802  the name is unittest's
        super().addSuccess(test)
        self.passed += 1

    @property
    def failed(self) -> int:
        return len(self.failures) + len(self.errors) + len(self.unexpectedSuccesses)

    def getDescription(self, test: unittest.TestCase | str) -> str:  # noqa: N802
        """What comes from another process is described already."""
        return test if isinstance(test, str) else super().getDescription(test)


@dataclass(frozen=True)
class Outcome:
    """What came of a module in another process. All is text: few tests and not all exceptions could be sent."""

    run: int
    passed: int
    failures: list[tuple[str, str]]
    errors: list[tuple[str, str]]
    skipped: list[tuple[str, str]]
    seconds: float


def begin_process(begun: Any, modules: list[unittest.TestSuite]) -> None:
    """It takes the next copy of the database, and one processor: torch gets a thread for each that is there."""
    MODULES[:] = modules
    os.cpu_count = lambda: 1
    with begun.get_lock():
        begun.value += 1
        number = begun.value
    for connection in connections.all():
        connection.creation.setup_worker_connection(number)


def run_module(index: int) -> Outcome:
    began = time.monotonic()
    result = unittest.TextTestRunner(io.StringIO(), resultclass=CountingResult).run(MODULES[index])
    connections.close_all()  # else SQLite's log stays beside the database
    unexpected = [(test, "It was expected to fail.") for test in result.unexpectedSuccesses]

    def described(outcomes: list[tuple[unittest.TestCase, str]]) -> list[tuple[str, str]]:
        return [(result.getDescription(test), text) for test, text in outcomes]

    return Outcome(
        run=result.testsRun,
        passed=result.passed,
        failures=described([*result.failures, *unexpected]),
        errors=described(result.errors),
        skipped=described(result.skipped),
        seconds=time.monotonic() - began,
    )


class Modules(unittest.TestSuite):
    """A suite of modules that several processes run; whole ones, so that what a module sets up is set up once."""

    def __init__(self, modules: dict[str, list[unittest.TestCase]], processes: int) -> None:
        super().__init__(unittest.TestSuite(tests) for tests in modules.values())
        self.names, self.processes = list(modules), processes

    def run(self, result: CountingResult, debug: bool = False) -> CountingResult:
        fork = multiprocessing.get_context("fork")
        with ProcessPoolExecutor(self.processes, fork, begin_process, (fork.Value("i", 0), list(self))) as pool:
            names = {pool.submit(run_module, index): name for index, name in enumerate(self.names)}
            for done in as_completed(names):
                try:
                    outcome = done.result()
                except BrokenProcessPool as broken:  # it takes down all that had not ended
                    result.errors.append((names[done], str(broken)))
                    continue
                result.testsRun += outcome.run
                result.passed += outcome.passed
                result.failures += outcome.failures
                result.errors += outcome.errors
                result.skipped += outcome.skipped
                failed = len(outcome.failures) + len(outcome.errors)
                told = f"{names[done]}: {outcome.passed} passed, {failed} failed, {outcome.seconds:.0f} s"
                result.stream.writeln(told)
        return result


class CountingRunner(DiscoverRunner):
    def get_resultclass(self) -> type[unittest.TextTestResult]:
        return CountingResult

    def build_suite(self, *args: Any, **kwargs: Any) -> unittest.TestSuite:
        processes, self.parallel = self.parallel, 0  # Django itself would share out classes
        suite = super().build_suite(*args, **kwargs)
        # A missing browser is told before the first test, not in the middle.
        if any(isinstance(test, BrowserTestCase) for test in iter_test_cases(suite)):
            find_chromium()
        modules, alone = defaultdict(list), []
        for test in suite:
            (alone if ALONE in getattr(test, "tags", ()) else modules[type(test).__module__]).append(test)
        if min(processes, len(modules)) < 2 or multiprocessing.get_start_method() != "fork":
            return suite
        self.parallel = processes
        return self.test_suite(
            [Modules(dict(sorted(modules.items(), key=lambda item: item[0].startswith(LAST))), processes), *alone]
        )

    def setup_databases(self, **kwargs: Any) -> Any:
        processes, self.parallel = self.parallel, 0
        names = super().setup_databases(**kwargs)
        connections.close_all()  # now SQLite's log is part of the file, which then can be copied
        for connection, _, _ in names:  # none, where no test asks for a database
            for number in range(processes):
                connection.creation.clone_test_db(str(number + 1), verbosity=0)
        self.parallel = processes  # so the copies are removed in the end
        return names

    def suite_result(self, suite: unittest.TestSuite, result: CountingResult, **kwargs: Any) -> int:
        skipped = len(result.skipped)
        self.closing_line = f"{result.passed} passed, {result.failed} failed" + (
            f", {skipped} skipped" if skipped else ""
        )
        return result.failed if result.testsRun else 1

    def run_tests(self, test_labels: list[str], **kwargs: Any) -> int:
        self.closing_line = "0 passed, 0 failed"
        try:
            return super().run_tests(test_labels, **kwargs)
        finally:
            print(self.closing_line, flush=True)
