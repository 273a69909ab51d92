"""`cleanup`: what is old is listed, counted, and deleted when it is said so."""

from __future__ import annotations

from edupulse.clock import frozen
from edupulse.database import db
from edupulse.mail.models import DeliveryContent
from tests.cli.conftest import Type, facts
from tests.rows import a_delivery
from tests.upkeep.old_things import long_ago


def test_classes_are_listed(type_in: Type) -> None:
    assert "for ever" in type_in("cleanup", "list").stdout
    assert {"key": "letters", "days": 365}.items() <= facts(type_in("cleanup", "list", "--json"))[0].items()


def test_a_run_only_counts_until_it_is_told_to_remove(type_in: Type) -> None:
    with frozen(long_ago()):
        a_delivery("sent")

    counted = type_in("cleanup", "run", "--class", "letters")
    kept = db.session.query(DeliveryContent).count()
    removed = type_in("cleanup", "run", "--class", "letters", "--remove")

    assert "1 would be deleted. Add --remove to do it." in counted.stdout
    assert "1 were deleted." in removed.stdout
    db.session.rollback()
    assert (kept, db.session.query(DeliveryContent).count()) == (1, 0)


def test_the_caches_are_emptied(type_in: Type) -> None:
    assert "month_revenue" in facts(type_in("cleanup", "cache", "--json"))
