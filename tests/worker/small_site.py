"""A site whose shipped network is small, for tests of versions and training; its weights color, if badly."""

from dataclasses import asdict
from pathlib import Path
from typing import Any
from unittest import mock

import torch
from django.test import override_settings

from colorizer.checkpoint import Card, save_generator
from colorizer.config import NetworkConfig
from colorizer.generator import Generator
from gallery import files, services
from gallery.keys import new_weights_key
from gallery.models import ModelVersion
from gallery.services import NewVersion
from tests.gallery.training_rows import TrainingRows
from worker import engine

SMALL = NetworkConfig(bottleneck_channels=16, decoder_channels=(16, 16, 16, 16), chroma_bins=True, hints=True)


def make_weights(path: Path, *, seed: int, shade: float = 0.0) -> Card:
    """`shade` is added to all chroma; not a number makes it none."""
    torch.manual_seed(seed)
    generator = Generator(SMALL)
    generator.to_ab.bias.data += shade
    return save_generator(generator, path, Card(f"small-{seed}", "2026-01-01", SMALL))


class SmallSite(TrainingRows):
    """For test cases that also are OwnStorage. This process is a worker, with a fresh engine."""

    def setUp(self) -> None:
        super().setUp()
        self.data = self.media.parent
        self.facts = {"PHOTOLAB_DATA": self.data, "PHOTOLAB_WEIGHTS": self.data / "shipped.safetensors"}
        make_weights(self.facts["PHOTOLAB_WEIGHTS"], seed=1)
        overridden = override_settings(**self.facts)
        overridden.enable()
        self.addCleanup(overridden.disable)
        fresh = mock.patch.object(engine, "_engine", engine._Engine())
        fresh.start()
        self.addCleanup(fresh.stop)
        services.register_worker(services.WorkerFacts(engine.worker_id(), "test:1", queue="train", device="cpu"))
        engine.warm_up()

    def add_version(self, *, seed: int, **options: Any) -> ModelVersion:
        """A candidate whose weights are stored as a run stores them."""
        card = make_weights(self.data / "made.safetensors", seed=seed, **options)
        self.start()
        claim = self.claimed_run()
        key = new_weights_key(claim.run_id, claim.attempt)
        files.store(key, (self.data / "made.safetensors").read_bytes())
        told = NewVersion(name=card.name, digest=card.digest, weights_key=key, card=asdict(card))
        version = services.finish_run(claim, told)
        assert version is not None
        return ModelVersion.objects.get(pk=version.pk)
