"""Colours are readable: WCAG 2.2 AA for every pair of ink and ground that the pages use, light and dark."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TOKENS = (Path(__file__).parents[2] / "edupulse" / "static" / "css" / "tokens.css").read_text()
TONES = ("ok", "live", "wait", "bad", "doubt", "mute")
TEXT = 4.5  # WCAG 1.4.3
SHAPES = 3.0  # WCAG 1.4.11: edges of fields, parts of drawings

PAIRS = [
    *(
        (ink, ground, TEXT)
        for ink in ("ink", "ink-soft", "accent", "accent-strong")
        for ground in ("paper", "surface", "sunken")
    ),
    *((tone, ground, TEXT) for tone in TONES for ground in (f"{tone}-wash", "surface", "paper")),
    *(("ink", f"{tone}-wash", TEXT) for tone in TONES),
    ("ink-soft", "wait-wash", TEXT),
    ("ink-soft", "bad-wash", TEXT),
    ("ink-soft", "doubt-wash", TEXT),
    ("on-accent", "accent", TEXT),
    ("on-accent", "accent-strong", TEXT),
    ("accent-strong", "accent-wash", TEXT),
    ("edge", "surface", SHAPES),
    ("edge", "paper", SHAPES),
    ("accent", "surface", SHAPES),
    ("coral", "surface", SHAPES),
    ("coral", "sunken", TEXT),
]


def colours(theme: str) -> dict[str, str]:
    light, dark = TOKENS.split("@media (prefers-color-scheme: dark)")
    found = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", light))
    return found | (dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", dark)) if theme == "dark" else {})


def luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("ink", "ground", "least"), PAIRS)
def test_ink_stands_out_from_its_ground(theme: str, ink: str, ground: str, least: float) -> None:
    palette = colours(theme)

    assert round(contrast(palette[ink], palette[ground]), 2) >= least


def test_both_themes_name_every_colour() -> None:
    _, dark = TOKENS.split("@media (prefers-color-scheme: dark)")

    assert set(colours("light")) == {name for name in colours("light") if f"--{name}:" in dark}
