"""How each person wants to be told of each kind: as they have said, else as the kind's own default is."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from edupulse.accounts.audit import record
from edupulse.database import db
from edupulse.errors import Denied
from edupulse.mail.once import insert_once
from edupulse.notifications.kinds import Kind, kind_of, kinds_for
from edupulse.notifications.models import NotificationPreference
from edupulse.notifications.person import Person
from edupulse.transaction import transaction


@dataclass(frozen=True)
class Preference:
    """How one person is told of one kind."""

    kind: Kind
    in_site: bool
    by_mail: bool

    @property
    def is_silent(self) -> bool:
        """Say whether the person is not told at all."""
        return not (self.in_site or self.by_mail)


def preferences(user: Person) -> list[Preference]:
    """Return how `user` is told of each kind that may reach them."""
    found = db.session.scalars(
        select(NotificationPreference).where(NotificationPreference.user_id == user.id)
    )
    said = {row.kind: row for row in found}
    return [_preference(kind, said.get(kind.key)) for kind in kinds_for(user.role)]


def wishes(kind: Kind, user_ids: Collection[int]) -> dict[int, Preference]:
    """Return how each of these people wants to be told of `kind`, in one query."""
    asked = select(NotificationPreference).where(
        NotificationPreference.kind == kind.key, NotificationPreference.user_id.in_(user_ids)
    )
    said = {row.user_id: row for row in db.session.scalars(asked)}
    return {user_id: _preference(kind, said.get(user_id)) for user_id in user_ids}


def set_preference(
    user: Person, kind: str, *, in_site: bool | None = None, by_mail: bool | None = None, actor: str
) -> Preference:
    """Tell `user` of `kind` at the bell, by mail, by both or not at all; None leaves as it is.

    Raises Invalid for a kind that does not exist, Denied for one that is beyond the person's role.
    """
    known = kind_of(kind)
    if not known.reaches(user.role):
        raise Denied(f"{user.email} is never told of this.", cure=f"It is for the role {known.role}.")
    with transaction() as session:
        row = session.get(NotificationPreference, (user.id, kind), with_for_update=True)
        before = _preference(known, row)
        after = Preference(
            known,
            before.in_site if in_site is None else in_site,
            before.by_mail if by_mail is None else by_mail,
        )
        if after != before:
            _keep(session, user, after)
            record(
                actor, "notifications.prefer", f"user:{user.id}",
                kind=kind, before=_shown(before), after=_shown(after),
            )  # fmt: skip
    return after


def set_preferences(
    user: Person, *, in_site: Collection[str], by_mail: Collection[str], actor: str
) -> list[Preference]:
    """Tell `user` at the bell of what `in_site` names and by mail of what `by_mail` names, and of nothing else.

    Kinds that cannot reach the person are passed over.
    """
    with transaction():
        return [
            set_preference(
                user, kind.key, in_site=kind.key in in_site, by_mail=kind.key in by_mail, actor=actor
            )
            for kind in kinds_for(user.role)
        ]


def _keep(session: Session, user: Person, wanted: Preference) -> None:
    """Write a preference; two that are the first at the same moment do not trip over each other."""
    key = {"user_id": user.id, "kind": wanted.kind.key}
    session.execute(insert_once(session, NotificationPreference).values(**key, **_shown(wanted)))
    mine = update(NotificationPreference).filter_by(**key)
    session.execute(mine.values(**_shown(wanted)))


def _preference(kind: Kind, row: NotificationPreference | None) -> Preference:
    return Preference(kind, row.in_site if row else kind.in_site, row.by_mail if row else kind.by_mail)


def _shown(preference: Preference) -> dict[str, bool]:
    return {"in_site": preference.in_site, "by_mail": preference.by_mail}
