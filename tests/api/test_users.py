"""Administrators look after people; everybody may ask who they are and change their own password."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from edupulse.accounts import passwords
from edupulse.accounts.audit import entries_of
from edupulse.accounts.signing_in import verify
from edupulse.accounts.users import create_user, find_user, set_role
from edupulse.database import db
from edupulse.errors import Conflict
from tests.api.conftest import Program, problem

PASSWORD = "four random words here"
ADA = {"email": "ada@school.example", "role": "viewer", "password": PASSWORD, "name": "Ada"}


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "METHOD", "scrypt:512:8:1")
    passwords._nobodys_hash.cache_clear()


@pytest.fixture
def admin(program_of: Callable[[str], Program]) -> Program:
    return program_of("admin")


def test_a_person_is_made_shown_and_listed_without_a_trace_of_the_password(admin: Program) -> None:
    made = admin.post("/users/", ADA)

    shown, listed = admin.get("/users/ada@school.example/"), admin.get("/users/")

    assert made.status_code == 201
    assert made.get_json() == shown.get_json()
    assert [each["email"] for each in listed.get_json()["items"]] == [
        "ada@school.example",
        "admin@school.example",
    ]
    assert "password" not in made.text + shown.text + listed.text


@pytest.mark.parametrize(
    ("values", "status", "field"),
    [
        ({"email": "ada"}, 422, "email"),
        ({"role": "king"}, 422, "role"),
        ({"password": "short"}, 422, "password"),
        ({"name": "x" * 201}, 422, "name"),
        ({"email": "admin@school.example"}, 409, "email"),
    ],
)
def test_who_cannot_be_is_refused_by_field(
    admin: Program, values: dict[str, str], status: int, field: str
) -> None:
    refused = admin.post("/users/", {**ADA, **values})

    assert (refused.status_code, problem(refused)["field"]) == (status, field)


def test_what_is_named_changes_and_the_rest_stays(admin: Program) -> None:
    admin.post("/users/", ADA)

    changed = admin.patch(
        "/users/ada@school.example/", {"role": "operator", "name": "Ada L.", "active": False}
    )

    facts = changed.get_json()
    assert (facts["role"], facts["name"], facts["active"]) == ("operator", "Ada L.", False)
    person = find_user("ada@school.example")
    acts = {entry.action: (entry.before, entry.after) for entry in entries_of(f"user:{person.id}")}
    assert acts["users.set_role"] == ("viewer", "operator")
    assert acts["users.deactivate"] == (True, False)
    assert acts["users.set_name"] == ("Ada", "Ada L.")


def test_all_of_a_change_happens_or_nothing(admin: Program) -> None:
    admin.post("/users/", ADA)

    refused = admin.patch("/users/ada@school.example/", {"role": "operator", "password": "short"})

    db.session.expire_all()
    assert (refused.status_code, find_user("ada@school.example").role) == (422, "viewer")


@pytest.mark.parametrize("change", [{"role": "viewer"}, {"active": False}])
def test_the_last_administrator_stays(admin: Program, change: dict[str, object]) -> None:
    refused = admin.patch("/users/admin@school.example/", change)

    assert (refused.status_code, problem(refused)["code"]) == (409, "conflict")
    assert "only administrator" in problem(refused)["message"]
    assert admin.get("/users/").status_code == 200


@pytest.mark.usefixtures("app")
def test_an_administrator_may_go_when_there_is_another() -> None:
    for name in ("ada", "bo"):
        create_user(f"{name}@school.example", name, "admin", PASSWORD)

    set_role("ada@school.example", "viewer")

    with pytest.raises(Conflict):
        set_role("bo@school.example", "viewer")


@pytest.mark.parametrize("role", ["viewer", "operator"])
def test_people_are_for_administrators(program_of: Callable[[str], Program], role: str) -> None:
    program = program_of(role)

    for answer in (program.get("/users/"), program.post("/users/", ADA), program.patch("/users/x/", {})):
        assert answer.status_code == 403


def test_a_program_learns_who_it_is(viewer: Program) -> None:
    facts = viewer.get("/me/").get_json()

    assert facts["user"]["email"] == "viewer@school.example"
    assert (facts["token"]["name"], facts["token"]["role"], facts["token"]["expires_at"]) == (
        "portal",
        "viewer",
        None,
    )


def test_everybody_changes_their_own_password(program_of: Callable[[str], Program], viewer: Program) -> None:
    program_of("admin").patch("/users/viewer@school.example/", {"password": PASSWORD})

    wrong = viewer.post("/me/password/", {"current": "not it at all", "password": "another few good words"})
    right = viewer.post("/me/password/", {"current": PASSWORD, "password": "another few good words"})

    assert (wrong.status_code, problem(wrong)["field"], right.status_code) == (422, "current", 200)
    assert verify("viewer@school.example", "another few good words") is not None


def test_guessing_the_current_password_is_slowed_down(viewer: Program) -> None:
    guess = {"current": "not it at all", "password": "another few good words"}
    for _ in range(5):
        viewer.post("/me/password/", guess)

    refused = viewer.post("/me/password/", guess)

    assert (refused.status_code, int(refused.headers["Retry-After"]) > 0) == (403, True)
