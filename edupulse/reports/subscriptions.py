"""Who gets the reports of a kind by mail: an address once for each kind, in its language."""

from __future__ import annotations

from sqlalchemy import Select, delete, or_, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from edupulse.accounts.audit import record
from edupulse.accounts.models import User
from edupulse.clock import now
from edupulse.database import db
from edupulse.errors import Invalid, NotFound
from edupulse.mail.addresses import comparable, parse_address
from edupulse.mail.render import LOCALES
from edupulse.reports.models import ReportSubscription
from edupulse.reports.periods import check_kind
from edupulse.transaction import rows_changed, transaction


def subscribe(kind: str, address: str, *, locale: str, actor: str) -> ReportSubscription:
    """Let the reports of `kind` go to `address`; an address that gets them already changes its language.

    It belongs to the user of that address, if there is one. Raises Invalid with the field kind, address or locale.
    """
    check_kind(kind)
    wanted = parse_address(address, field="address").comparable
    if locale not in LOCALES:
        cure = f"Choose one of {', '.join(LOCALES)}."
        raise Invalid(f"Reports are not written in “{locale[:20]}”.", cure=cure, field="locale")
    with transaction() as session:
        before = session.scalar(_of(kind, wanted))
        owner = session.scalar(select(User.id).where(User.email == wanted))
        row = {"kind": kind, "address": wanted, "user_id": owner, "locale": locale, "created_at": now()}
        insert = sqlite_insert if db.engine.dialect.name == "sqlite" else postgresql_insert
        written = insert(ReportSubscription).values(row)
        changes = {"locale": written.excluded.locale, "user_id": written.excluded.user_id}
        session.execute(written.on_conflict_do_update(index_elements=["kind", "address"], set_=changes))
        if before is None or before.locale != locale:
            told = {"before": {"locale": before.locale}} if before else {}
            record(
                actor,
                "report.subscribe",
                f"report:{kind}",
                after={"address": wanted, "locale": locale},
                **told,
            )
        return session.scalars(_of(kind, wanted)).one()


def unsubscribe(kind: str, address: str, *, actor: str) -> None:
    """Let the reports of `kind` go to `address` no more. Raises NotFound where they did not."""
    check_kind(kind)
    gone = comparable(address.strip())
    mine = (ReportSubscription.kind == kind, ReportSubscription.address == gone)
    with transaction() as session:
        if not rows_changed(session, delete(ReportSubscription).where(*mine)):
            raise NotFound(f"The {kind} reports do not go to {gone[:320]}.", kind=kind, address=gone[:320])
        record(actor, "report.unsubscribe", f"report:{kind}", before={"address": gone})


def of_kind(kind: str) -> list[ReportSubscription]:
    """Return who gets the reports of `kind`, apart from users who may not sign in any more."""
    wanted = (
        select(ReportSubscription)
        .outerjoin(User, User.id == ReportSubscription.user_id)
        .where(ReportSubscription.kind == check_kind(kind), or_(User.id.is_(None), User.active))
    )
    return list(db.session.scalars(wanted.order_by(ReportSubscription.address)))


def of_user(user: User) -> list[ReportSubscription]:
    """Return what a user gets, by account or by address."""
    theirs = or_(ReportSubscription.user_id == user.id, ReportSubscription.address == comparable(user.email))
    return list(db.session.scalars(_in_order().where(theirs)))


def subscriptions() -> list[ReportSubscription]:
    """Return all of them, by kind and address."""
    return list(db.session.scalars(_in_order()))


def _in_order() -> Select[ReportSubscription]:
    return select(ReportSubscription).order_by(ReportSubscription.kind, ReportSubscription.address)


def _of(kind: str, address: str) -> Select[ReportSubscription]:
    mine = (ReportSubscription.kind == kind, ReportSubscription.address == address)
    return select(ReportSubscription).where(*mine).execution_options(populate_existing=True)
