"""The mailing that every engine sends: one letter of about 4 kB in text and HTML, and people with five fields each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

SENDER = "Art School <office@school.example>"
SUBJECT = "{{ first_name }}, your {{ course }} begins on {{ starts }}"

_PARAGRAPHS = (
    "Please bring a soft pencil, a rubber and the sketchbook that you began last term. Everything else is here. "
    "If you would like to paint in oil, ask for an apron at the desk: they are washed every Friday.",
    "The doors open a quarter of an hour before the lesson. Whoever comes late waits in the hall until the first "
    "exercise is over, so that the others can go on in peace. There is tea, and there are the books.",
    "Work of last term hangs in the corridor on the second floor until the end of the month. Take yours home after "
    "that; what is left goes to the children's hospital, which has asked for it.",
    "Fees are paid by the term. Who would rather pay by the month tells us, and need not say why. Brothers and "
    "sisters pay half, as they always have.",
    "On the last evening of the term we open all rooms. Parents, friends and neighbours may come and see what was "
    "made; there is music from seven, and something to eat. Tell us by the week before how many you will be.",
    "In the holidays the workshop stays open on Tuesdays and Thursdays from ten to four. Whoever has a key card may "
    "use press and kiln; a teacher is in the house, and the rules hang beside the door.",
)
TEXT = "\n\n".join(
    (
        "Dear {{ name }},",
        "your {{ course }} with {{ teacher }} begins on {{ starts }} in room {{ room }}. We look forward to it.",
        *_PARAGRAPHS,
        "{{ teacher }} can be asked in room {{ room }} at any time, {{ first_name }}.",
        "Your Art School",
        "You get this because you have lessons here. No more of it: {{ unsubscribe_url }}",
    )
)
HTML = (
    '<!doctype html>\n<html>\n<body style="font-family: Georgia, serif; color: #222; margin: 0">\n'
    '<div style="max-width: 36em; margin: 0 auto; padding: 1.5em">\n'
    '<h1 style="font-size: 1.4em">Dear {{ name }},</h1>\n'
    "<p>your <b>{{ course }}</b> with {{ teacher }} begins on <b>{{ starts }}</b>\n"
    "in room {{ room }}. We look forward to it.</p>\n"
    + "\n".join(
        f'<p style="line-height: 1.5; margin: 0 0 1em 0">{paragraph.replace(". ", chr(46) + chr(10))}</p>'
        for paragraph in _PARAGRAPHS
    )
    + '\n<table style="border-collapse: collapse">\n'
    '<tr><th style="text-align: left; padding: 4px">Course</th><td style="padding: 4px">{{ course }}</td></tr>\n'
    '<tr><th style="text-align: left; padding: 4px">Teacher</th><td style="padding: 4px">{{ teacher }}</td></tr>\n'
    '<tr><th style="text-align: left; padding: 4px">Room</th><td style="padding: 4px">{{ room }}</td></tr>\n'
    "</table>\n<p>Your Art School</p>\n"
    '<p style="font-size: 0.8em; color: #666">You get this because you have lessons here.\n'
    '<a href="{{ unsubscribe_url }}">No more of it</a></p>\n</div>\n</body>\n</html>'
)

_FIRST = ("Ann", "Zoë", "张伟", "Mohammed", "Ingrid", "Li", "Oluwaseun", "Bea")
_COURSES = ("Drawing", "Water Colour", "Oil Painting", "Etching", "Calligraphy")
_TEACHERS = ("Ms Wang", "Mr Okafor", "Ms Åkesson")


@dataclass(frozen=True)
class Person:
    """One recipient."""

    number: int
    address: str
    name: str
    fields: dict[str, str]


def people(count: int, first: int = 0) -> Iterator[Person]:
    """Yield `count` people, numbered from `first`; the same number is always the same person."""
    for number in range(first, first + count):
        name = _FIRST[number % len(_FIRST)]
        fields = {
            "first_name": name,
            "course": _COURSES[number % len(_COURSES)],
            "teacher": _TEACHERS[number % len(_TEACHERS)],
            "room": str(100 + number % 40),
            "starts": f"{1 + number % 28} March",
        }
        yield Person(number, f"person{number}@school.example", f"{name} Number{number}", fields)
