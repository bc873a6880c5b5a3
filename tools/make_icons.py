"""Makes the app's icons from static/icons/logo.svg, anew whenever that changes: `python -m tools.make_icons`."""

from pathlib import Path

import pyvips

ICONS = Path(__file__).resolve().parent.parent / "static" / "icons"
LOGO = ICONS / "logo.svg"
PAPER = [247, 246, 244]
# Systems cut maskable icons to shapes of their own: what must be seen stays within four fifths.
ICONS_MADE = {  # file name: side in pixels, share of it that the logo takes, background
    "app-192.png": (192, 1.0, None),
    "app-512.png": (512, 1.0, None),
    "app-maskable-512.png": (512, 0.8, PAPER),
    "app-touch-180.png": (180, 0.8, PAPER),
}


def main() -> None:
    for name, (side, share, background) in ICONS_MADE.items():
        logo = pyvips.Image.thumbnail(str(LOGO), round(side * share))
        icon = logo.gravity("centre", side, side, extend="background", background=[0, 0, 0, 0])
        if background:
            icon = icon.flatten(background=background)
        icon.pngsave(str(ICONS / name), strip=True)


if __name__ == "__main__":
    main()
