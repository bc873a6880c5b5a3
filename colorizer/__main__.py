"""The command line: `python -m colorizer colorize | train | listen | evaluate | benchmark`.

Each mistake is one clear line.
"""

import argparse
import sys
from pathlib import Path

import torch

from . import benchmark, colorize_command, evaluate_command, listen_command, train_command
from .arguments import positive
from .errors import ColorizerError

SHIPPED = Path(__file__).parent / "weights" / "photolab-5.safetensors"


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the exit status: 0 done, 1 something failed, 2 wrong use, 130 interrupted."""
    options = _parser().parse_args(arguments)
    try:
        return options.run(options)
    except (ColorizerError, OSError) as error:
        print(f"colorizer: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("colorizer: interrupted", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m colorizer", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)

    colorize = commands.add_parser("colorize", help="color photographs")
    colorize_command.add_arguments(colorize)
    colorize.set_defaults(run=_colorize)

    train = commands.add_parser("train", help="train a generator; started again, it goes on")
    train_command.add_arguments(train)
    train.set_defaults(run=_train)

    listen = commands.add_parser("listen", help="teach a generator how far told colors reach")
    listen_command.add_arguments(listen)
    listen.set_defaults(run=_listen)

    score = commands.add_parser("evaluate", help="score generators on color photographs, side by side")
    evaluate_command.add_arguments(score)
    score.set_defaults(run=_evaluate)

    speed = commands.add_parser("benchmark", help="measure speed and memory on this machine")
    speed.add_argument("--json", type=Path, metavar="FILE", help="where the figures go")
    speed.add_argument("--quick", action="store_true", help="some 20 seconds instead of a minute and a half")
    speed.set_defaults(run=_benchmark)

    for command in (colorize, train, speed):
        command.add_argument("--device", default="cpu", help="cpu, cuda, cuda:1 or mps (default: %(default)s)")
    for command in (colorize, listen, score, speed):
        command.add_argument("--weights", type=Path, default=SHIPPED, help="default: the shipped ones")
    for command in (colorize, train, listen, score, speed):
        command.add_argument("--threads", type=positive, help="CPU threads (default: all cores)")
    return parser


def _colorize(options: argparse.Namespace) -> int:
    _set_threads(options.threads)
    return colorize_command.run(options)


def _train(options: argparse.Namespace) -> int:
    _set_threads(options.threads)
    status, said = train_command.run(options)
    print(said, end="")
    return status


def _listen(options: argparse.Namespace) -> int:
    _set_threads(options.threads)
    print(f"{options.out}: {listen_command.run(options).digest}")
    return 0


def _evaluate(options: argparse.Namespace) -> int:
    _set_threads(options.threads)
    print(evaluate_command.run(options).table())
    return 0


def _benchmark(options: argparse.Namespace) -> int:
    _set_threads(options.threads)
    extent = benchmark.QUICK if options.quick else benchmark.WHOLE
    results = benchmark.run(options.weights, extent, device=options.device, target=options.json)
    print(results.table())
    return 0


def _set_threads(threads: int | None) -> None:
    if threads:
        torch.set_num_threads(threads)


if __name__ == "__main__":
    sys.exit(main())
