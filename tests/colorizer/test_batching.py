"""Batches of photographs that come to the network together: who waits for whom, and what memory does to them."""

import threading
import time
import unittest
from concurrent.futures import ThreadPoolExecutor
from unittest.mock import patch

import torch
from django.test import tag
from torch import Tensor

from colorizer import Colorizer, DeviceFullError
from colorizer.__main__ import SHIPPED
from colorizer.batching import MOST_WAIT_S, Batcher
from colorizer.inference import Settings
from tests import pictures

PATIENCE_S = 10.0


class Network:
    """Doubles what it is given; keeps the sizes of the batches that were tried, and has room for `room` of them."""

    def __init__(self, room: int = 100) -> None:
        self.room = room
        self.tried: list[int] = []

    def __call__(self, light: Tensor) -> Tensor:
        self.tried.append(len(light))
        if len(light) > self.room:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return light * 2


def lights(count: int, shape: tuple[int, int] = (4, 6)) -> list[Tensor]:
    return [torch.full((1, 1, *shape), float(number)) for number in range(count)]


def together(batcher: Batcher, given: list[Tensor]) -> list[Tensor | Exception]:
    """What each of them gets when all are on their way at once."""
    start = threading.Barrier(len(given))

    def come(place: int) -> Tensor | Exception:
        with batcher.coming():
            start.wait()
            try:
                return batcher(given[place])
            except (DeviceFullError, ValueError) as error:
                return error

    with ThreadPoolExecutor(len(given)) as threads:
        return list(threads.map(come, range(len(given))))


class BatcherTest(unittest.TestCase):
    """With more patience than the product has, so that a machine that does other work changes nothing."""

    def setUp(self) -> None:
        patience = patch("colorizer.batching.MOST_WAIT_S", PATIENCE_S)
        patience.start()
        self.addCleanup(patience.stop)

    def test_those_that_come_together_go_as_one_and_each_gets_its_own(self) -> None:
        network, given = Network(), lights(5)
        answers = together(Batcher(network, most=8), given)
        self.assertEqual(network.tried, [5])
        for light, answer in zip(given, answers, strict=True):
            self.assertTrue(torch.equal(answer, light * 2))

    def test_no_batch_is_larger_than_the_most(self) -> None:
        network = Network()
        together(Batcher(network, most=4), lights(10))
        self.assertEqual(sorted(network.tried), [2, 4, 4])

    def test_another_shape_is_another_batch(self) -> None:
        network = Network()
        together(Batcher(network, most=8), lights(3) + lights(2, shape=(6, 4)))
        self.assertEqual(sorted(network.tried), [2, 3])

    def test_one_that_comes_alone_waits_for_nobody(self) -> None:
        network = Network()
        batcher = Batcher(network, most=8)
        began = time.perf_counter()
        with batcher.coming():
            batcher(lights(1)[0])
        self.assertLess(time.perf_counter() - began, PATIENCE_S / 2)

    def test_one_that_never_comes_is_not_waited_for(self) -> None:
        batcher = Batcher(Network(), most=8)
        with self.assertRaises(ValueError), batcher.coming():
            raise ValueError("its file is damaged")
        began = time.perf_counter()
        together(batcher, lights(2))
        self.assertLess(time.perf_counter() - began, PATIENCE_S / 2)

    def test_who_did_not_say_that_it_comes_goes_alone_and_at_once(self) -> None:
        network = Network()
        batcher = Batcher(network, most=8)
        with batcher.coming():
            preview = threading.Thread(target=lambda: batcher(lights(1)[0]))
            preview.start()
            preview.join(PATIENCE_S / 2)
            self.assertEqual(network.tried, [1])

    def test_a_batch_that_memory_runs_out_for_is_halved_and_so_are_later_ones(self) -> None:
        network = Network(room=3)
        batcher = Batcher(network, most=8)
        answers = together(batcher, lights(8))
        self.assertEqual([float(answer.max()) for answer in answers], [2.0 * number for number in range(8)])
        self.assertEqual((network.tried, batcher.most), ([8, 4, 2, 2, 4, 2, 2], 2))
        network.tried.clear()
        together(batcher, lights(4))
        self.assertEqual(network.tried, [2, 2])

    def test_one_that_even_alone_is_too_much_is_told_as_such_and_others_are_not(self) -> None:
        class Picky(Network):
            def __call__(self, light: Tensor) -> Tensor:
                self.room = 0 if 3.0 in light else 100
                return super().__call__(light)

        answers = together(Batcher(Picky(), most=8), lights(5))
        self.assertEqual([isinstance(answer, DeviceFullError) for answer in answers].index(True), 3)
        self.assertEqual(sum(isinstance(answer, Tensor) for answer in answers), 4)

    def test_other_errors_reach_all_that_went_together(self) -> None:
        def broken(light: Tensor) -> Tensor:
            raise ValueError("no number")

        answers = together(Batcher(broken, most=8), lights(3))
        self.assertEqual([str(answer) for answer in answers], ["no number"] * 3)


@tag("alone")
class PatienceTest(unittest.TestCase):
    def test_the_first_waits_no_longer_than_it_may_for_one_that_is_late(self) -> None:
        network, waited = Network(), []
        batcher = Batcher(network, most=8)

        def come() -> None:
            with batcher.coming():
                began = time.perf_counter()
                batcher(lights(1)[0])
                waited.append(time.perf_counter() - began)

        with batcher.coming():  # this thread is on its way for the whole time
            first = threading.Thread(target=come)
            first.start()
            first.join()
        self.assertGreaterEqual(waited[0], MOST_WAIT_S * 0.9)
        self.assertLess(waited[0], MOST_WAIT_S + 0.1)
        self.assertEqual(network.tried, [1])


class ColorizerTest(unittest.TestCase):
    def test_a_batch_gives_each_photograph_the_colors_that_it_has_alone(self) -> None:
        colorizer = Colorizer.load(SHIPPED, at_once=3)
        photos = [pictures.grey((320 + 90 * more, 240)).crop((0, 0, 320, 240)) for more in range(3)]
        alone = [colorizer.propose(photo, Settings(), size=photo.size).ab for photo in photos]
        start = threading.Barrier(3)

        def color(place: int) -> object:
            with colorizer.batcher.coming():
                start.wait()
                return colorizer.propose(photos[place], Settings(), size=photos[place].size).ab

        with ThreadPoolExecutor(3) as threads:
            for one, other in zip(alone, threads.map(color, range(3)), strict=True):
                self.assertLess(float(abs(one - other).mean()), 0.2)  # another order of summing, in bfloat16
                self.assertLess(float(abs(one - other).max()), 4)
