"""Charts are pictures of numbers: the same numbers, the same bytes, and each bar as high as its number says."""

from __future__ import annotations

from io import BytesIO

import pytest
from PIL import Image

from edupulse.reports.charts import BAR, HEIGHT, SCALE, WIDTH, bar_chart, labels_of, round_up, short
from edupulse.reports.periods import period_at


def heights(values: list[int]) -> list[int]:
    """Return how many pixels of the bars' colour stand in the middle of each bar."""
    image = Image.open(BytesIO(bar_chart(values, [""] * len(values)))).convert("RGB")
    colour = tuple(int(BAR[at : at + 2], 16) for at in (1, 3, 5))
    left, room = 48 * SCALE, (WIDTH - 52) * SCALE / len(values)
    middles = [round(left + room * (at + 0.5)) for at in range(len(values))]
    return [sum(image.getpixel((x, y)) == colour for y in range(HEIGHT * SCALE)) for x in middles]


def test_bars_are_as_high_as_their_numbers() -> None:
    whole, half, nothing, tiny = heights([1000, 500, 0, 1])

    assert abs(half - whole / 2) <= 2
    assert nothing == 0
    assert 0 < tiny <= SCALE + 1


def test_the_same_numbers_give_the_same_bytes() -> None:
    assert bar_chart([1, 2, 3], ["a", "b", "c"]) == bar_chart([1, 2, 3], ["a", "b", "c"])


@pytest.mark.parametrize("values", [[], [0], [0, 0], [10**9] * 31])
def test_whatever_happened_there_is_a_picture_of_the_same_size(values: list[int]) -> None:
    image = Image.open(BytesIO(bar_chart(values, [str(at) for at in range(len(values))])))

    assert image.size == (WIDTH * SCALE, HEIGHT * SCALE)


@pytest.mark.parametrize(
    ("highest", "edge"), [(0, 2), (1, 2), (3, 4), (9, 10), (11, 12), (171, 180), (1001, 1200)]
)
def test_the_upper_edge_is_a_round_number_that_has_a_half(highest: int, edge: int) -> None:
    assert round_up(highest) == edge


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (9999, "9999"), (12_500, "12.5k"), (40_000, "40k"), (3_000_000, "3M")]
)
def test_numbers_are_short(value: int, text: str) -> None:
    assert short(value) == text


def test_parts_have_labels_without_words() -> None:
    hour, day, week = (
        labels_of(period_at(kind, start, "UTC"))
        for kind, start in (("hourly", "2026-03-12T09"), ("daily", "2026-03-12"), ("weekly", "2026-03-12"))
    )

    assert (hour[:2], day[-1], week) == (["09:00", "09:05"], "23", ["9", "10", "11", "12", "13", "14", "15"])
