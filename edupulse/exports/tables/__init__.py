"""Every table that can be taken away as a file. To add one: a line in the file of its neighbours."""

from __future__ import annotations

from edupulse.accounts.models import ROLES
from edupulse.errors import Denied, Invalid
from edupulse.exports.table import Table
from edupulse.exports.tables import events, mail, office, system

TABLES: dict[str, Table] = {
    each.key: each for each in (*mail.TABLES, *events.TABLES, *office.TABLES, *system.TABLES)
}


def known(key: str) -> Table:
    """Return the table of that name; raises Invalid."""
    if key in TABLES:
        return TABLES[key]
    words = f"There is no table “{key[:40]}” to export."
    raise Invalid(words, cure=f"Choose one of {', '.join(TABLES)}.", field="table")


def permitted(key: str, role: str) -> Table:
    """Return the table of that name; raises Invalid, and Denied for one above this role."""
    wanted = known(key)
    if ROLES.index(role) < ROLES.index(wanted.role):
        words = f"“{wanted.title}” is for the role {wanted.role}."
        raise Denied(words, cure="Ask somebody who has it.", role=wanted.role)
    return wanted


def for_role(role: str) -> list[Table]:
    """Return the tables that somebody with this role may see."""
    rank = ROLES.index(role)
    return [each for each in TABLES.values() if ROLES.index(each.role) <= rank]
