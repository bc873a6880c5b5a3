"""The training program for tests: it stores each state at once, not after a minute, and gives way to nobody."""

import django

from worker import __main__

if __name__ == "__main__":
    django.setup()
    from worker import priority, telling

    telling.KEEP_EVERY_S = 0.0
    priority.give_way = lambda: None
    __main__.main()
