"""Weights on disk, and the weights that ship."""

import hashlib
import json
import tempfile
import unittest
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from colorizer.__main__ import SHIPPED
from colorizer.checkpoint import Card, load_generator, read_card, save_generator, write_atomically
from colorizer.config import NetworkConfig
from colorizer.errors import WeightsError
from colorizer.generator import Generator

FOLDER = SHIPPED.parent
SMALL = NetworkConfig(bottleneck_channels=8, decoder_channels=(8, 8, 8, 8))


class CheckpointTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name) / "weights.safetensors"
        torch.manual_seed(0)
        self.generator = Generator(SMALL).eval()
        self.card = save_generator(self.generator, self.path, Card("small", "2026-01-01T00:00:00+00:00", SMALL))

    @torch.inference_mode()
    def test_what_is_saved_colors_like_what_was_in_memory(self) -> None:
        loaded, card = load_generator(self.path)
        self.assertEqual(card, self.card)
        light = torch.rand(1, 1, 64, 64) * 100
        torch.testing.assert_close(loaded(light), self.generator(light), atol=0.2, rtol=0.02)  # float16 on disk

    def test_a_single_changed_byte_is_refused(self) -> None:
        blob = bytearray(self.path.read_bytes())
        blob[-1] ^= 1
        self.path.write_bytes(blob)
        with self.assertRaisesRegex(WeightsError, "damaged"):
            load_generator(self.path)

    def test_a_missing_tensor_is_refused(self) -> None:
        tensors = load_file(self.path)
        del tensors["to_ab.bias"]
        save_file(tensors, self.path)
        self._sign()
        with self.assertRaisesRegex(WeightsError, "to_ab.bias"):
            load_generator(self.path)

    def test_a_tensor_too_many_is_refused(self) -> None:
        save_file(load_file(self.path) | {"spare": torch.zeros(1)}, self.path)
        self._sign()
        with self.assertRaisesRegex(WeightsError, "spare"):
            load_generator(self.path)

    def test_a_file_that_is_no_safetensors_is_refused(self) -> None:
        self.path.write_bytes(b"\x80\x04pickle")
        self._sign()
        with self.assertRaisesRegex(WeightsError, "not a safetensors file"):
            load_generator(self.path)

    def test_weights_without_a_card_are_refused(self) -> None:
        self.path.with_suffix(".json").unlink()
        with self.assertRaisesRegex(WeightsError, "no card"):
            load_generator(self.path)

    def test_a_card_of_a_network_that_cannot_be_made_is_refused(self) -> None:
        card = self.path.with_suffix(".json")
        whole = json.loads(card.read_text())
        for change in (
            {"encoder": "efficientnet-lite9"},
            {"bottleneck_channels": "many"},
            {"bottleneck_channels": -1},
            {"decoder_channels": [8, 8]},
            {"decoder_channels": [6, 8, 8, 8], "attention_blocks": 1},
            {"decoder_channels": 8},
        ):
            card.write_text(json.dumps({**whole, "network": {**whole["network"], **change}}))
            with self.subTest(change), self.assertRaises(WeightsError):
                load_generator(self.path)
        card.write_text(json.dumps({**whole, "network": "large"}))
        with self.assertRaisesRegex(WeightsError, "cannot be read"):
            load_generator(self.path)

    def test_writing_leaves_no_temporary_file(self) -> None:
        write_atomically(self.path, b"new")
        self.assertEqual({p.name for p in self.path.parent.iterdir()}, {"weights.safetensors", "weights.json"})

    def _sign(self) -> None:
        """Put the digest of the present file on the card."""
        card = self.path.with_suffix(".json")
        fields = json.loads(card.read_text())
        fields["digest"] = hashlib.sha256(self.path.read_bytes()).hexdigest()
        card.write_text(json.dumps(fields))


class ShippedWeightsTest(unittest.TestCase):
    def test_they_load_and_are_small_enough_for_the_repository(self) -> None:
        found = sorted(FOLDER.glob("*.safetensors"))
        self.assertTrue(found)
        for path in found:
            load_generator(path)
            self.assertLessEqual(path.stat().st_size, 16 * 2**20)

    def test_their_card_says_what_they_learned_from_and_how_well(self) -> None:
        card = read_card(SHIPPED.with_suffix(".json"))
        self.assertGreater(sum(card.data.values()), 50_000)
        self.assertGreater(card.recipe["stopped_at_step"], 1000)
        for source in ("scenes", "objects"):
            rows = card.figures[source]
            self.assertGreater(rows["generator"]["psnr_ab"], rows["grey"]["psnr_ab"])
            self.assertLess(rows["generator"]["colorfulness_gap"], rows["grey"]["colorfulness_gap"])
        self.assertTrue(card.limits)
