"""The campaign of the demo: a letter in English and in Chinese to two hundred people, three of whom have bad luck."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from edupulse.campaigns.checking import CampaignDraft
from edupulse.embedded.mishaps import Mishaps
from edupulse.embedded.sample import DOMAIN
from edupulse.mail.letters import LetterText

PEOPLE = 200
# Bad luck strikes early: who is busy at first is written to again before the others are through.
MISHAPS = Mishaps(nobody=f"moved.away@{DOMAIN}", busy=f"busy.at.first@{DOMAIN}", lost=f"lost.answer@{DOMAIN}")
_UNLUCKY = {11: (MISHAPS.busy, "Bruno Klein"), 31: (MISHAPS.nobody, "Mona Weg"), 52: (MISHAPS.lost, "罗安")}

_HEADINGS = ("email", "name", "language", "first_name", "course", "teacher", "begins")
_COURSES = (
    ("Watercolour", "水彩", "Clara Hoffmann", "9 March"),
    ("Oil painting", "油画", "王芳", "10 March"),
    ("Ink and brush", "水墨", "王芳", "12 March"),
    ("Etching", "铜版画", "Daniel Okafor", "13 March"),
)
_GIVEN = ("Emily", "Noah", "Sofía", "Amara", "Jonas", "Zoë", "Mateo", "Ingrid")
_FAMILY = ("Carter", "Lindqvist", "Rossi", "Diallo", "Weber", "Novák", "Silva")
_CHINESE_GIVEN = ("伟", "敏", "晓雨", "静", "磊", "芳", "子涵")
_CHINESE_FAMILY = ("李", "张", "陈", "王", "刘", "赵")

_TEXT = """Dear {{ name }},

{{ course }} with {{ teacher }} begins on {{ begins }}, and your place is kept, {{ first_name }}.

If you do not come this term, tell us: somebody waits for it.

Riverside Art School
"""
_HTML = """<p>Dear {{ name }},</p>
<p><b>{{ course }}</b> with {{ teacher }} begins on <b>{{ begins }}</b>, and your place is kept, {{ first_name }}.</p>
<p>If you do not come this term, tell us: somebody waits for it.</p>
<p>Riverside Art School</p>
"""
_CHINESE_TEXT = """{{ name }}，您好：

{{ teacher }}老师的{{ course }}课将于 {{ begins }} 开课，您的名额已保留。

如果本学期不来，请告诉我们：还有人在等候。

河畔艺术学校
"""
_CHINESE_HTML = """<p>{{ name }}，您好：</p>
<p>{{ teacher }}老师的<b>{{ course }}</b>课将于 <b>{{ begins }}</b> 开课，您的名额已保留。</p>
<p>如果本学期不来，请告诉我们：还有人在等候。</p>
<p>河畔艺术学校</p>
"""


def draft() -> CampaignDraft:
    """Return the campaign as a person would enter it."""
    subject = "{{ first_name }}，{{ course }}课于 {{ begins }} 开课"
    return CampaignDraft(
        name="The spring term begins",
        subject="{{ first_name }}, {{ course }} begins on {{ begins }}",
        text=_TEXT,
        html=_HTML,
        letters={"zh": LetterText(subject, _CHINESE_TEXT, _CHINESE_HTML, "zh")},
    )


def table() -> bytes:
    """Return the audience as the school's office would export it: a CSV file."""
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(_HEADINGS)
    rows.writerows(_row(number) for number in range(PEOPLE))
    return text.getvalue().encode()


def _row(number: int) -> Iterator[str]:
    english, chinese, teacher, begins = _COURSES[number % len(_COURSES)]
    is_chinese = number % 2 == 0
    address, name = _UNLUCKY.get(number) or (
        f"student{number:03}@{DOMAIN}",
        _name(number, is_chinese=is_chinese),
    )
    yield from (address, name, "zh" if is_chinese else "en")
    yield from (name if is_chinese else name.split()[0], chinese if is_chinese else english, teacher, begins)


def _name(number: int, *, is_chinese: bool) -> str:
    if is_chinese:
        return _CHINESE_FAMILY[number % len(_CHINESE_FAMILY)] + _CHINESE_GIVEN[number % len(_CHINESE_GIVEN)]
    return f"{_GIVEN[number % len(_GIVEN)]} {_FAMILY[number % len(_FAMILY)]}"
