"""From a server's reply to its meaning: read the lines, make the text legible, find the rule that fits."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

from edupulse.mail.outcome import Phase, Verdict
from edupulse.mail.providers import Provider
from edupulse.mail.rules import GENERIC

MAX_TEXT = 500  # characters kept of what a server said; providers' longest explanations are about 400

_LINE = re.compile(rb"([2-5][0-9]{2})(?:([ -])(.*))?", re.DOTALL)
_ENHANCED = re.compile(r"([245])\.\d{1,3}\.\d{1,3}(?!\S)")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e]+")
_SECONDS = {"s": 1, "秒": 1, "m": 60, "分": 60, "h": 3600, "小": 3600}
_ASKED = re.compile(
    r"(?:again|retry|wait|later)\D{0,40}?(\d{1,6})\s*(seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h)\b"
    r"|(\d{1,6})\s*(秒|分钟|小时)后?(?:再试|重试)",
    re.IGNORECASE,
)
_LONGEST_ASKED = 24 * 3600.0  # seconds; whoever asks for more is answered by the next try


class ReplyLine(NamedTuple):
    """One line of a reply: its code, whether more lines follow, and the text behind."""

    code: int
    goes_on: bool
    text: bytes


@dataclass(frozen=True)
class Reply:
    """What a server answered to one command; without lines, nothing.

    The last line's code counts where lines disagree (RFC 5321 4.2.1).
    """

    lines: tuple[ReplyLine, ...]

    @property
    def code(self) -> int:
        """Return the three-digit code, 0 for no reply."""
        return self.lines[-1].code if self.lines else 0

    @property
    def raw(self) -> bytes:
        """Return the text as it came, one line under the other."""
        return b"\n".join(line.text for line in self.lines)

    @property
    def enhanced(self) -> str:
        """Return the enhanced status code (RFC 3463), empty where there is none of the reply's own class."""
        for line in reversed(self.lines):
            found = _ENHANCED.match(legible(line.text))
            if found and int(found[1]) == self.code // 100:
                return found[0]
        return ""

    @property
    def text(self) -> str:
        """Return what was said, in one legible line without the codes."""
        enhanced = self.enhanced
        said = [legible(line.text).removeprefix(enhanced).strip() for line in self.lines]
        return " ".join([part for part in said if part])[:MAX_TEXT]


class Meaning(NamedTuple):
    """What a reply means: what to do, how long to wait in seconds (None: the caller's back-off), and why."""

    verdict: Verdict
    retry_after: float | None
    cause: str


def read_line(line: bytes) -> ReplyLine | None:
    """Split one line of a reply; None if no reply looks like it."""
    found = _LINE.fullmatch(line.rstrip(b"\r\n"))
    return ReplyLine(int(found[1]), found[2] == b"-", (found[3] or b"").strip()) if found else None


def legible(raw: bytes) -> str:
    """Decode what a server said: UTF-8, else GB18030, else Latin-1; nothing in it steers a terminal."""
    if raw.isascii() and (said := raw.decode()).isprintable():
        return said  # by far the most; a mailing reads one for every mail
    for encoding in ("utf-8", "gb18030"):
        try:
            return _UNPRINTABLE.sub(" ", raw.decode(encoding))
        except UnicodeDecodeError:
            continue
    return _UNPRINTABLE.sub(" ", raw.decode("latin-1"))


def classify(code: int, enhanced: str, text: str, phase: Phase, provider: Provider) -> Meaning:
    """Return what a reply given in `phase` means: the provider's own rules first, then the general ones."""
    rules = (*provider.rules, *GENERIC)
    rule = next(each for each in rules if each.fits(code, enhanced, text, phase))
    return Meaning(rule.verdict, asked_wait(text) or rule.wait, rule.cause)


def asked_wait(text: str) -> float | None:
    """Return the seconds that a text such as "try again in 5 minutes" asks for, at most a day."""
    found = _ASKED.search(text)
    if not found:
        return None
    number, unit = (found[1] or found[3]), (found[2] or found[4])
    return min(float(number) * _SECONDS[unit[0].lower()], _LONGEST_ASKED)
