"""Several processes train one run, started by torchrun as on a bigger machine: gloo on the processor."""

import contextlib
import io
import json
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

import torch
from torch import nn

from colorizer import TrainingError
from colorizer.__main__ import main
from colorizer.config import RECIPES
from colorizer.data import PhotoSet, TrainingBatches, open_data
from colorizer.reports import Ending
from colorizer.team import Team
from colorizer.training import Training
from tests.colorizer.drawings import write_data

ROOT = Path(__file__).parents[2]
SMOKE = RECIPES["smoke"]
TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"]
SHARED_GRADIENT = """
import sys, torch
from colorizer.team import Team
from tests.colorizer.test_team import network_and_batch
team = Team.join()
network, batch = network_and_batch()
rank, size = team.share
learning = team.spread(network)
learning(batch[rank::size]).square().mean().backward()
means = team.mean(torch.tensor([float(rank)])), team.largest(rank)
if team.leads:
    torch.save([p.grad for p in network.parameters()], sys.argv[1])
    print(*means)
torch.distributed.barrier()  # who leaves while the other still uses the group takes it down
team.leave()
"""


def network_and_batch() -> tuple[nn.Module, torch.Tensor]:
    torch.manual_seed(5)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 2, 3)), torch.randn(6, 3, 16, 16)


class TeamTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        write_data(self.folder)
        self.addCleanup(torch.set_num_threads, torch.get_num_threads())
        torch.set_num_threads(1)

    def test_gradients_are_those_of_the_whole_batch(self) -> None:
        (self.folder / "shared.py").write_text(SHARED_GRADIENT)
        done = subprocess.run(
            [*TORCHRUN, self.folder / "shared.py", self.folder / "gradients"],
            env={"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=120,
        )
        self.assertEqual((done.returncode, done.stdout.strip()), (0, "tensor([0.5000]) 1"), done.stderr)
        network, batch = network_and_batch()
        network(batch).square().mean().backward()
        shared = torch.load(self.folder / "gradients", weights_only=True)
        for ours, whole in zip(shared, network.parameters(), strict=True):
            torch.testing.assert_close(ours, whole.grad)

    def test_the_shares_of_a_batch_are_the_batch(self) -> None:
        sources = {name: PhotoSet(self.folder / f"{name}-train.zip") for name in ("scenes", "objects")}
        whole, *shares = (
            TrainingBatches(sources, SMOKE.stages[0], seed=3, first_step=0, share=share)[1]
            for share in ((0, 1), (0, 2), (1, 2))
        )
        self.assertTrue(torch.equal(torch.stack(shares, dim=1).flatten(0, 1), whole))

    def test_a_batch_that_cannot_be_shared_evenly_is_refused(self) -> None:
        team = Team(torch.device("cpu"), rank=0, size=3)
        with self.assertRaisesRegex(TrainingError, "batch of 4 pictures cannot be shared by 3 processes"):
            Training(SMOKE, self.folder / "run", *open_data(self.folder, SMOKE), team=team)

    def test_a_run_of_one_goes_on_with_two_and_then_with_one(self) -> None:
        """And learns what one alone would have, but for the noise of damage and of smaller batches in batch norms."""
        alone = Training(SMOKE, self.folder / "alone", *open_data(self.folder, SMOKE))
        alone.run()
        first = Training(SMOKE, self.folder / "shared", *open_data(self.folder, SMOKE))
        first.run(should_stop=lambda: first.step >= 3)
        self._share_until(step=9)
        shared = self._losses("shared")
        self.assertTrue(9 <= len(shared) < SMOKE.steps, shared)
        last = Training(SMOKE, self.folder / "shared", *open_data(self.folder, SMOKE))
        self.assertIs(last.run().ending, Ending.FINISHED)
        whole, shared = self._losses("alone"), self._losses("shared")
        self.assertEqual(list(shared), list(range(1, SMOKE.steps + 1)))
        self.assertEqual(shared[3], whole[3])
        later = [sum(losses[step] for step in range(4, SMOKE.steps + 1)) for losses in (shared, whole)]
        self.assertAlmostEqual(later[0] / later[1], 1, delta=0.25, msg=(shared, whole))

    def _share_until(self, *, step: int) -> None:
        """Two processes by the command line, sent SIGTERM after that step."""
        run = ["-m", "colorizer", "train", "--recipe", "smoke", "--data", self.folder, "--out", self.folder / "shared"]
        with subprocess.Popen([*TORCHRUN, *run, "--threads", "1"], cwd=ROOT, stderr=subprocess.PIPE) as process:
            deadline = time.monotonic() + 240
            while len(self._losses("shared")) < step and process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.05)
            process.send_signal(signal.SIGTERM)
            process.communicate()

    def _losses(self, run: str) -> dict[int, float]:
        lines = (json.loads(line) for line in (self.folder / run / "log.jsonl").read_text().splitlines())
        return {line["step"]: line["bins"] for line in lines if "bins" in line}

    @unittest.skipIf(torch.cuda.is_available(), "there is a CUDA device")
    def test_a_device_that_is_not_there_is_one_clear_line(self) -> None:
        err = io.StringIO()
        with contextlib.redirect_stderr(err):
            status = main(["train", "--data", str(self.folder), "--out", str(self.folder / "r"), "--device", "cuda"])
        self.assertEqual((status, len(err.getvalue().splitlines())), (1, 1), err.getvalue())
