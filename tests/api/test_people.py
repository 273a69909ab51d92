"""People through the API: listed, entered, changed, removed, taken in from a file."""

from __future__ import annotations

import pytest

from tests.api.conftest import Program, problem

pytestmark = pytest.mark.usefixtures("now")

ZOE = {"name": "Zoë Berg", "email": "zoe@school.example", "external_id": "S-1", "locale": "zh"}
TABLE = "number,name,email\nS-1,Zoë Huber,zoe@school.example\nS-2,Ben,nobody\nS-3,Cleo,\n"


def test_a_person_is_entered_found_and_shown(operator: Program, viewer: Program) -> None:
    made = operator.post("/people/", ZOE)

    assert made.status_code == 201
    person = made.get_json()
    assert ZOE.items() <= person.items()
    assert (person["active"], person["revision"]) == (True, 0)
    assert viewer.get(f"/people/{person['id']}/").get_json() == person
    assert viewer.get("/people/?search=berg&state=active").get_json()["items"] == [person]
    assert viewer.get("/people/?state=left").get_json()["items"] == []


def test_what_is_named_is_changed_and_the_rest_stays(operator: Program) -> None:
    made = operator.post("/people/", ZOE).get_json()

    changed = operator.patch(
        f"/people/{made['id']}/", {"email": "", "active": False, "revision": 0}
    ).get_json()

    assert (changed["name"], changed["email"], changed["active"], changed["revision"]) == (
        "Zoë Berg",
        None,
        False,
        1,
    )


def test_an_overtaken_change_is_refused(operator: Program) -> None:
    made = operator.post("/people/", ZOE).get_json()
    operator.patch(f"/people/{made['id']}/", {"phone": "030 55"})

    answer = operator.patch(f"/people/{made['id']}/", {"name": "Zoë Huber", "revision": 0})

    assert answer.status_code == 409
    assert "changed phone" in problem(answer)["message"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": "Z", "email": "nobody"}, "email"),
        ({"name": "Z", "locale": "fr"}, "locale"),
        ({"name": "Z", "shoe": "38"}, "shoe"),
    ],
)
def test_what_cannot_be_used_names_its_field(operator: Program, body: dict[str, str], field: str) -> None:
    answer = operator.post("/people/", body)

    assert answer.status_code == 422
    assert problem(answer)["field"] == field


def test_whom_nothing_names_is_removed(operator: Program, viewer: Program) -> None:
    made = operator.post("/people/", ZOE).get_json()
    path = f"/people/{made['id']}/"

    assert viewer.delete(path).status_code == 403
    assert operator.delete(f"{path}?revision=7").status_code == 409
    assert operator.delete(path).get_json() == {"removed": made["id"]}
    assert operator.get(path).status_code == 404


def test_a_file_is_looked_into_and_then_taken_in(operator: Program, viewer: Program) -> None:
    operator.post("/people/", ZOE)
    path = "/people/import/"

    trial = operator.post(f"{path}?dry_run=true", {"table": TABLE}).get_json()
    done = operator.post(path, data=TABLE.encode(), content_type="text/csv").get_json()

    figures = ("read", "added", "changed", "same", "rejected")
    assert [trial[name] for name in figures] == [done[name] for name in figures] == [3, 1, 1, 0, 1]
    assert (trial["dry_run"], done["dry_run"]) == (True, False)
    assert done["first"][0]["differs"] == ["name"]
    assert (done["problems"][0]["line"], done["problems"][0]["cause"]) == (3, "email")
    assert [each["name"] for each in viewer.get("/people/").get_json()["items"]] == ["Cleo", "Zoë Huber"]


def test_a_call_without_a_file_is_refused(operator: Program) -> None:
    answer = operator.post("/people/import/", data=b"", content_type="text/csv")

    assert answer.status_code == 422
    assert "no file" in problem(answer)["message"]
