"""People whom the organisation knows: listed, entered, changed, removed, taken in from a file."""

from __future__ import annotations

from edupulse.operations.operation import OPERATOR, VIEWER, operation

OPERATIONS = (
    operation("people.list", VIEWER, web="people.index", api="people.list_people", cli="people list"),
    operation("people.record", VIEWER, web="people.record", api="people.record", cli="people show"),
    operation("people.add", OPERATOR, web="people.new people.create", api="people.add", cli="people add"),
    operation(
        "people.change", OPERATOR, web="people.edit people.change people.leave people.come_back",
        api="people.change", cli="people change",
    ),
    operation("people.remove", OPERATOR, web="people.remove", api="people.remove", cli="people remove"),
    operation(
        "people.import", OPERATOR,
        web="people_import.choose people_import.send people_import.look people_import.store people_import.forget "
        "people_import.problems",
        api="people_import.take_in_file", cli="people import",
    ),
)  # fmt: skip
