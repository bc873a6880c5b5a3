"""`python -m worker RUN ATTEMPT`: does a training run that the calling process, which waits for it, has claimed.

It ends with the caller, whose end of its standard input closes then, however the caller ended.
"""

import os
import sys
import threading

import django

import photolab_site

__all__ = ["photolab_site"]  # imported since it names the settings


def main() -> None:
    threading.Thread(target=_end_with_caller, daemon=True).start()
    django.setup()
    from gallery import services
    from worker import priority, retraining

    priority.give_way()
    claim = services.take_up(services.RunAttempt(*map(int, sys.argv[1:])))
    if claim is not None:
        retraining.retrain(claim)


def _end_with_caller() -> None:
    os.read(0, 1)  # sys.stdin would hold a lock that a fork of this process waits for
    os._exit(1)


if __name__ == "__main__":
    main()
