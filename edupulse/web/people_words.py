"""What the parts of a person, and what is wrong with them, are called in the reader's language."""

from __future__ import annotations

from flask_babel import get_locale
from flask_babel import gettext as _

from edupulse.errors import EduPulseError
from edupulse.people.entry import TEXTS
from edupulse.people.intake_report import Problem, Taken
from edupulse.web.form import Form
from edupulse.web.problems import refusals


def labels() -> dict[str, str]:
    """Return what each part of a person is called."""
    return {
        "name": _("Name"),
        "email": _("E-mail address"),
        "phone": _("Telephone"),
        "locale": _("Language"),
        "external_id": _("Number"),
        "note": _("Note"),
        "active": _("Active"),
        "first_name": _("First name"),
        "last_name": _("Last name"),
    }


def languages() -> dict[str, str]:
    """Return in which languages a person may be written to; the first is for who has said nothing."""
    return {"": _("The organisation's"), "en": _("English"), "zh": _("Chinese")}


def refuse(form: Form, error: EduPulseError) -> None:
    """Put a refusal beside its fields in the reader's language; one that names no field stands above the form."""
    for field, sentence in refusals(error).items():
        known = field in TEXTS
        words = _in_words(f"taken_{field}" if _is_twin(error) else field, sentence)
        form.errors[field if known else ""] = words if known else conflict_words(error)


def conflict_words(error: EduPulseError) -> str:
    """Return a refusal because of others: of a change by somebody else, or of what names the person."""
    if "changed_by" in error.facts:
        return _in_words("overtaken", str(error))
    return _in_words("named", str(error))


def problem_words(problem: Problem) -> str:
    """Return why a line of a file cannot be used."""
    return _in_words(problem.cause, problem.problem)


def file_words(error: EduPulseError) -> str:
    """Return why a file cannot be taken in at all."""
    return _in_words("no_names" if error.facts.get("field") == "file" else "no_table", str(error))


def parts_changed(line: Taken) -> str:
    """Return which parts of a person a line of a file changes."""
    known = labels()
    return str(_(", ")).join(known[name] for name in line.differs)


def _is_twin(error: EduPulseError) -> bool:
    return "person_id" in error.facts


def _in_words(cause: str, sentence: str) -> str:
    """Return the domain's own sentence, which knows more, to who reads English; else what is known of the cause."""
    if str(get_locale()) == "en":
        return sentence
    return _causes().get(cause, sentence)


def _causes() -> dict[str, str]:
    return {
        "name": _("The name is missing, or it is longer than 200 characters."),
        "email": _("This is no usable e-mail address. Write it like name@school.example."),
        "phone": _("This is no telephone number. Write it with digits, like +49 30 123456."),
        "locale": _("We do not write in this language. Choose English or Chinese, or leave it empty."),
        "external_id": _("The number has to be one line of at most 100 characters."),
        "note": _("The note is too long, or it has a character that cannot be stored."),
        "taken_external_id": _("Somebody else has this number already. Give another, or change that person."),
        "taken_name": _("This name with this address is here already. If they are two, give both a number."),
        "overtaken": _("Somebody else changed this person after you opened the page. Look again, then save."),
        "named": _("There are records of this person, such as bills. Say that they have left instead."),
        "no_names": _(
            "No column with names was found. The first row has to name the columns: call one 姓名 or name."
        ),
        "no_table": _(
            "This file cannot be read as a table. Save it as CSV (UTF-8) or .xlsx, and choose that."
        ),
        "ambiguous": _("Several people have this name. Add a column with their numbers or addresses."),
        "contradiction": _(
            "An earlier line of the file says otherwise of the same person. Keep one of them."
        ),
        "twin": _("Somebody with this name and address is here already, without a number."),
    }
