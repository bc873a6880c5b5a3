"""What makes the generator quick leaves its colors as they are, and the benchmark says what it says of this machine."""

import contextlib
import io
import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest.mock import patch

import skimage.data
import torch
from PIL import Image
from torch import Tensor, nn

from colorizer.__main__ import SHIPPED, main
from colorizer.benchmark import Extent, photograph, run
from colorizer.checkpoint import load_generator
from colorizer.color import rgb_to_lab, to_tensor
from colorizer.config import NetworkConfig
from colorizer.errors import DeviceError
from colorizer.generator import Generator
from colorizer.inference import predict_ab
from colorizer.metrics import ciede2000
from colorizer.speed import find_device, number_format, quickened

CPU = torch.device("cpu")
HALVES = (torch.bfloat16, torch.float16)
LISTENING = NetworkConfig(
    bottleneck_channels=16, decoder_channels=(16, 16, 16, 8), attention_blocks=1, chroma_bins=True, hints=True
)
TINY = Extent(repeats=1, sides=((128, 128),), batches=(2,), megapixels=(1,), folder=2, starts=1)


def light_of(name: str) -> Tensor:
    """L (1, 1, 192, 256) of one of scikit-image's pictures."""
    picture = Image.fromarray(getattr(skimage.data, name)()).resize((256, 192))
    return rgb_to_lab(to_tensor(picture).float() / 255)[None, :1]


class QuickenedTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.generator, _ = load_generator(SHIPPED)
        cls.lights = [light_of(name) for name in ("astronaut", "chelsea", "coffee", "rocket")]
        cls.trained = [torch.cat((light, predict_ab(cls.generator, light)), dim=1) for light in cls.lights]

    def difference(self, dtype: torch.dtype) -> Tensor:
        """CIEDE2000 from float32 as it was trained, of each picture."""
        quick = quickened(self.generator, CPU, dtype)
        ours = [torch.cat((light, predict_ab(quick, light)), dim=1) for light in self.lights]
        return torch.cat([ciede2000(*pair) for pair in zip(ours, self.trained, strict=True)])

    def test_folding_changes_nothing_but_rounding(self) -> None:
        self.assertLess(float(self.difference(torch.float32).max()), 0.001)

    def test_half_precision_stays_within_half_a_step_of_color(self) -> None:
        for dtype in HALVES:
            with self.subTest(dtype):
                self.assertLess(float(self.difference(dtype).mean()), 0.5)

    def test_no_batch_norm_is_left_and_the_original_keeps_its_own(self) -> None:
        before = {name: tensor.clone() for name, tensor in self.generator.state_dict().items()}
        quick = quickened(self.generator, CPU, torch.bfloat16)
        self.assertEqual([m for m in quick.modules() if isinstance(m, nn.BatchNorm2d)], [])
        torch.testing.assert_close(self.generator.state_dict(), before, rtol=0, atol=0)

    def test_a_listening_network_hears_its_hints_in_every_format(self) -> None:
        torch.manual_seed(3)
        generator = Generator(LISTENING).eval()
        hints = torch.zeros(1, 3, 192, 256)
        hints[:, :, 64:128, 64:128] = 1
        trained = predict_ab(generator, self.lights[0], hints)
        for dtype in HALVES:
            with self.subTest(dtype):
                heard = predict_ab(quickened(generator, CPU, dtype), self.lights[0], hints)
                self.assertEqual(heard.dtype, torch.float32)
                self.assertLess(float((heard - trained).abs().mean()), 0.5)

    def test_a_batch_of_one_stays_in_the_convolutions_order_of_memory(self) -> None:
        """Else each convolution turns it round first: a quarter of the network's time in bfloat16."""
        quick = quickened(Generator(LISTENING), CPU, torch.float32)
        turned = []

        def note(layer: nn.Module, given: tuple[Tensor], result: Tensor) -> None:
            turned.extend(x.shape for x in given if not x.is_contiguous(memory_format=torch.channels_last))

        for block in quick.ups:
            block.layers.register_forward_hook(note)
        predict_ab(quick, self.lights[0])
        self.assertEqual(turned, [])


class DeviceTest(unittest.TestCase):
    def test_only_a_processor_that_multiplies_bfloat16_is_given_it(self) -> None:
        for told, dtype in (({}, torch.float32), ({"avx512_bf16": True}, torch.bfloat16)):
            with patch("torch.cpu.get_capabilities", return_value=told):  # a machine has but one processor
                self.assertEqual(number_format(CPU), dtype)

    def test_devices_of_their_own_work_in_float16(self) -> None:
        for name in ("cuda", "mps"):
            self.assertEqual(number_format(torch.device(name)), torch.float16)

    def test_what_is_not_there_is_refused_in_plain_words(self) -> None:
        for name in ("cuda:99", "abacus", "meta"):
            with self.subTest(name), self.assertRaisesRegex(DeviceError, "choose cpu"):
                find_device(name)

    def test_the_command_line_says_so_in_one_line(self) -> None:
        told = io.StringIO()
        with contextlib.redirect_stderr(told):
            self.assertEqual(main(["benchmark", "--device", "cuda:99"]), 1)
        self.assertEqual(len(told.getvalue().splitlines()), 1)


class BenchmarkTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def test_a_tiny_run_measures_everything_and_names_no_place(self) -> None:
        target = self.folder / "figures.json"
        results = run(SHIPPED, TINY, target=target)
        (file,) = results.files
        self.assertLessEqual(file.decode_s + file.network_s + file.merge_s + file.encode_s, file.whole_s)
        self.assertAlmostEqual(file.ratio, (file.whole_s - file.network_s) / file.floor_s)  # of the one run
        self.assertTrue(0 < file.peak_mb < 400 and 50 < results.loaded_mb < 3000, results)
        self.assertLess(results.ready_s, 60)
        self.assertEqual(results.folder["photographs"], 2)
        written = json.loads(target.read_text())
        self.assertEqual(written["network_ms"], results.network_ms)
        self.assertEqual(written["machine"]["torch"], torch.__version__)
        self.assertNotIn(str(SHIPPED.parents[2]), target.read_text())
        self.assertNotIn(self.folder.name, target.read_text())
        self.assertIn("1 megapixels", results.table())

    def test_its_photograph_is_as_large_as_it_says_and_grey(self) -> None:
        with Image.open(photograph(2, self.folder / "two.jpg")) as image:
            self.assertEqual(image.mode, "L")
            self.assertAlmostEqual(image.width * image.height / 2e6, 1, delta=0.01)
        self.assertGreater((self.folder / "two.jpg").stat().st_size, 300_000)


class StartTest(unittest.TestCase):
    def test_coloring_does_not_wait_for_what_only_scoring_needs(self) -> None:
        # scipy itself is looked at by numba for its version, which costs nothing; its parts are what takes long.
        heavy = {"scipy.linalg", "scipy.special", "scipy.ndimage", "skimage", "torchvision"}
        script = f"import sys, colorizer.__main__; print({heavy} & set(sys.modules))"
        root = SHIPPED.parents[2]
        told = subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=True)
        self.assertEqual(told.stdout.strip(), "set()")
