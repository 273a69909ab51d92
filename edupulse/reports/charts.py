"""The parts of a period become a picture of bars (PNG), because mail programs show no SVG.

Only numbers and dates are drawn: words stand in the HTML around it, where every script has its letters. The picture is
twice as large as it is shown, so that it is crisp on every screen, and light, also where the mail around it is dark.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from io import BytesIO
from math import ceil, floor, log10
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from edupulse.reports.periods import Period, parts
from edupulse.walltime import to_local

WIDTH, HEIGHT = 536, 188  # CSS pixels: as wide as the card of a mail
SCALE = 2
LEFT, RIGHT, TOP, BOTTOM = 48, 4, 28, 28  # CSS pixels around the bars, for the numbers
FONT_SIZE = 15  # CSS pixels; two thirds of it on a phone
GAP = 0.25  # share of a bar's room that stays free
COLOURS = 64  # a few kilobytes less, and no difference to the eye
PAPER, GRID, INK, BAR = "#fdfdfc", "#dddad3", "#535e69", "#1256a0"


@dataclass(frozen=True)
class Frame:
    """Where the bars are, in pixels of the picture, and which number its upper edge stands for."""

    left: int
    top: int
    right: int
    bottom: int
    highest: int

    def y(self, value: float) -> int:
        """Return how far down `value` is."""
        return self.bottom - round((self.bottom - self.top) * value / self.highest)


def bar_chart(values: Sequence[int], labels: Sequence[str]) -> bytes:
    """Return a PNG of one bar for each value, its label below where there is room. The same values, the same bytes."""
    image = Image.new("RGB", (WIDTH * SCALE, HEIGHT * SCALE), PAPER)
    draw = ImageDraw.Draw(image)
    frame = Frame(
        LEFT * SCALE,
        TOP * SCALE,
        (WIDTH - RIGHT) * SCALE,
        (HEIGHT - BOTTOM) * SCALE,
        round_up(max(values, default=0)),
    )
    _draw_grid(draw, frame)
    _draw_bars(draw, frame, values)
    _draw_labels(draw, frame, labels)
    written = BytesIO()
    image.quantize(COLOURS).save(written, "PNG", optimize=True)
    return written.getvalue()


def labels_of(period: Period) -> list[str]:
    """Return a short label for each part of the period: 09:05, the hour, or the day of the month."""
    return [label(edge, period) for edge in parts(period)[:-1]]


def label(edge: datetime, period: Period) -> str:
    """Return the label of the part that begins at `edge`."""
    local = to_local(edge, period.timezone)
    if period.kind in ("weekly", "monthly"):
        return str(local.day)
    return f"{local:%H:%M}" if period.kind == "hourly" else f"{local:%H}"


def round_up(highest: int) -> int:
    """Return the next even number of one or two leading digits: what the upper edge stands for, and half of it."""
    if highest <= 2:
        return 2
    step = 2 * int(10 ** max(0, floor(log10(highest)) - 1))
    return ceil(highest / step) * step


def _draw_grid(draw: ImageDraw.ImageDraw, frame: Frame) -> None:
    for value in (0, frame.highest // 2, frame.highest):
        y = frame.y(value)
        draw.line((frame.left, y, frame.right, y), fill=GRID, width=SCALE)
        draw.text((frame.left - 8 * SCALE, y), short(value), fill=INK, font=_font(), anchor="rm")


def _draw_bars(draw: ImageDraw.ImageDraw, frame: Frame, values: Sequence[int]) -> None:
    room = (frame.right - frame.left) / max(1, len(values))
    for number, value in enumerate(values):
        x = frame.left + room * number
        if value > 0:
            top = min(frame.y(value), frame.bottom - SCALE)  # one of ten thousand is still seen
            draw.rectangle((x + room * GAP / 2, top, x + room * (1 - GAP / 2), frame.bottom - 1), fill=BAR)
    if values and (peak := max(values)) > 0:
        at = (frame.left + room * (values.index(peak) + 0.5), frame.y(peak) - 4 * SCALE)
        draw.rectangle(draw.textbbox(at, short(peak), _font(), anchor="ms"), fill=PAPER)  # no line through it
        draw.text(at, short(peak), fill=INK, font=_font(), anchor="ms")


def _draw_labels(draw: ImageDraw.ImageDraw, frame: Frame, labels: Sequence[str]) -> None:
    room = (frame.right - frame.left) / max(1, len(labels))
    widest = max((_font().getlength(each) for each in labels), default=0)
    each_nth = ceil((widest + 6 * SCALE) / room)
    for at in range(0, len(labels), each_nth):
        middle = frame.left + room * (at + 0.5)
        draw.text((middle, frame.bottom + 6 * SCALE), labels[at], fill=INK, font=_font(), anchor="ma")


def short(value: int) -> str:
    """Return a number in at most five characters: 9999, 12.5k, 3M."""
    for size, letter in ((10**6, "M"), (10**3, "k")):
        if value >= size and value >= 10_000:
            return f"{value / size:.1f}".removesuffix(".0") + letter
    return str(value)


@cache
def _font() -> Any:
    return ImageFont.load_default(FONT_SIZE * SCALE)
