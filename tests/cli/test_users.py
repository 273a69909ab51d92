"""`users` on the command line."""

from __future__ import annotations

from edupulse.accounts.signing_in import verify
from tests.cli.conftest import Type, facts

PASSWORD = "correct-horse-battery"


def test_a_generated_password_is_shown_once_and_works(type_in: Type) -> None:
    made = facts(type_in("users", "create", "li@school.example", "--generate", "--json"))

    assert verify("li@school.example", made["password"]) is not None
    assert "password" not in facts(type_in("users", "list", "--json"))[0]


def test_a_password_can_come_from_standard_input(type_in: Type) -> None:
    made = type_in("users", "create", "li@school.example", "--password-stdin", stdin=f"{PASSWORD}\n")

    assert made.exit_code == 0
    assert verify("li@school.example", PASSWORD) is not None
    assert PASSWORD not in made.output


def test_without_a_terminal_the_way_to_give_a_password_is_named(type_in: Type) -> None:
    refused = type_in("users", "create", "li@school.example")

    assert refused.exit_code == 1
    assert "--generate or --password-stdin" in refused.stderr


def test_a_bad_address_and_a_short_password_are_refused_in_words(type_in: Type) -> None:
    address = type_in("users", "create", "not-an-address", "--generate")
    password = type_in("users", "create", "li@school.example", "--password-stdin", stdin="short\n")

    assert "is not an e-mail address" in address.stderr
    assert "at least" in password.stderr
    assert facts(type_in("users", "list", "--json")) == []


def test_the_same_address_twice_is_refused(type_in: Type) -> None:
    type_in("users", "create", "li@school.example", "--generate")

    refused = type_in("users", "create", "LI@school.example", "--generate")

    assert (refused.exit_code, "can already sign in" in refused.stderr) == (1, True)


def test_a_forgotten_password_is_replaced(type_in: Type) -> None:
    type_in("users", "create", "li@school.example", "--generate")

    changed = facts(type_in("users", "password", "li@school.example", "--generate", "--json"))

    assert verify("li@school.example", changed["password"]) is not None


def test_a_person_gets_another_role_and_is_kept_out_and_let_in(type_in: Type) -> None:
    for name in ("ada", "li"):
        type_in("users", "create", f"{name}@school.example", "--generate")

    changed = facts(type_in("users", "role", "li@school.example", "viewer", "--json"))
    out = facts(type_in("users", "deactivate", "li@school.example", "--json"))
    again = facts(type_in("users", "activate", "li@school.example", "--json"))

    assert (changed["role"], out["active"], again["active"]) == ("viewer", False, True)


def test_the_last_administrator_stays_one(type_in: Type) -> None:
    type_in("users", "create", "li@school.example", "--generate")

    refused = type_in("users", "role", "li@school.example", "viewer")

    assert (refused.exit_code, "only administrator" in refused.stderr) == (1, True)
