"""The training program, storing each state at once that it has saved: so a test need not wait for a minute."""

import django

from worker import __main__

if __name__ == "__main__":
    django.setup()
    from worker import telling

    telling.KEEP_EVERY_S = 0.0
    __main__.main()
