"""Makes the weights that ship from checkpoints of one run, one or an average of several.

    python -m tools.average_checkpoints 0.3=RUN/step-05200 0.7=RUN/step-06500 --data DATA --out FILE.safetensors \
        --limits "Where it fails, in plain words."

Between the weights before an adversarial stage and those after it lies a line along which color grows and
blotches with it (network interpolation; Wang 2018, "Deep Network Interpolation"). The card says what was mixed,
and its figures are measured anew at the product's size on what training in DATA leaves out. What `listen` has taught
one of them is left out, since it holds for those weights alone: let the average listen afterwards.
"""

import argparse
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

from torch import Tensor
from tqdm import tqdm

from colorizer.checkpoint import load_generator, save_generator
from colorizer.data import open_sources
from colorizer.evaluation import evaluate
from colorizer.generator import Generator

SIZE = 256  # pixels, the short side that the network sees in the product


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="+", metavar="SHARE=CHECKPOINT", type=_part)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--gain", type=float, default=1.0, help="of chroma: best where colorfulness is the truth's")
    parser.add_argument("--focus", type=float, default=0.0, help="of chroma on where the network is sure")
    parser.add_argument("--limits", required=True, help="for the card: where the colors fail")
    parser.add_argument("--limit", type=int, default=500, help="pictures of each set to measure on")
    options = parser.parse_args()
    if abs(sum(share for share, _ in options.parts) - 1) > 1e-6:
        parser.error("the shares must add up to 1")
    mixed: dict[str, Tensor] = {}
    for share, path in options.parts:
        generator, card = load_generator(path)
        for name, tensor in generator.state_dict().items():
            if name.startswith("alike."):
                continue
            part = tensor * share if tensor.is_floating_point() else tensor
            mixed[name] = mixed[name] + part if name in mixed and tensor.is_floating_point() else part
    network = replace(card.network, chroma_gain=options.gain, focus=options.focus, alike_channels=0)
    generator = Generator(network).eval()
    generator.load_state_dict(mixed)
    figures = {}
    for source in card.figures:
        _, photos = open_sources(options.data, source)
        with tqdm(total=min(options.limit, len(photos)), desc=source) as bar:
            result = evaluate(
                generator, photos, size=SIZE, limit=options.limit, progress=lambda done, total: bar.update(done - bar.n)
            )
        figures[source] = {name: asdict(row) for name, row in result.rows.items()}
    recipe = {**card.recipe, "averaged": {path.stem: share for share, path in options.parts}}
    made_at = datetime.now(UTC).isoformat(timespec="seconds")
    shipped = replace(
        card, network=generator.config, created_at=made_at, recipe=recipe, figures=figures, limits=options.limits
    )
    print(save_generator(generator, options.out, shipped).digest)


def _part(word: str) -> tuple[float, Path]:
    share, _, path = word.partition("=")
    return float(share), Path(path).with_suffix(".safetensors")


if __name__ == "__main__":
    main()
