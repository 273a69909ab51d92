"""Can somebody sign in and manage?"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select

from edupulse.accounts.models import User
from edupulse.database import db
from edupulse.doctor.finding import Finding, ok, warning


def admin() -> Iterator[Finding]:
    """Check that an administrator can sign in."""
    users = list(db.session.scalars(select(User).order_by(User.email)))
    admins = [user for user in users if user.role == "admin" and user.active]
    if admins:
        yield ok("admin", f"Administrators who can sign in: {len(admins)}.")
    elif users:
        cure = (
            f"Make one: python cli.py users create EMAIL, or: python cli.py users role {users[0].email} admin"
        )
        yield warning("admin", "No administrator can sign in.", cure)
    else:
        yield warning(
            "admin", "Nobody can sign in yet.", "Run: python cli.py users create you@school.example"
        )
