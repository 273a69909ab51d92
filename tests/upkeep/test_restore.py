"""Backed up, lost, restored: the same rows, files and keys, and work goes on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from sqlalchemy import inspect, select, update

from edupulse import clock, schema
from edupulse.control import reconcile, worker
from edupulse.control.enqueue import enqueue
from edupulse.control.models import JobRun
from edupulse.database import db
from edupulse.errors import Conflict, Unavailable
from edupulse.mail import senders
from edupulse.mail.models import Delivery, Sender, Suppression
from edupulse.transaction import transaction
from edupulse.upkeep import content
from edupulse.upkeep.models import Backup
from edupulse.upkeep.restore import Restored, restore
from tests.doubles.smtp_double import SmtpDouble
from tests.rows import a_delivery, a_process, an_event
from tests.servers import RedisProcess
from tests.upkeep.house import House, a_house, files, keys, rows

pytestmark = pytest.mark.real_redis


@pytest.fixture(params=["sqlite", "postgresql"])
def house(
    request: pytest.FixtureRequest, tmp_path: Path, redis_process: RedisProcess, real_redis: Redis
) -> Iterator[House]:
    with a_house(request.param, tmp_path, real_redis, redis_process.url) as made:
        yield made


@pytest.fixture
def sqlite_house(tmp_path: Path, redis_process: RedisProcess, real_redis: Redis) -> Iterator[House]:
    with a_house("sqlite", tmp_path, real_redis, redis_process.url) as made:
        yield made


def test_what_is_lost_is_restored_to_the_row_the_file_and_the_key(house: House) -> None:
    with house.app() as app:
        an_event()
        a_delivery()
        enqueue("diagnostics.ping", note="after the fire")
    made = house.back_up()
    with house.app() as app:
        before = rows(app), files(house), keys(house.redis)
    house.lose_everything()

    with house.app() as app:
        done = restore(made, actor="test", mails="send")
        after = rows(app), files(house), keys(house.redis)

    assert after == before
    assert (done.files, done.notes) == (2, [])


def test_a_queued_job_and_a_planned_reminder_run_after_a_restore(house: House) -> None:
    with house.app():
        starts = an_event().starts_at
        run_id = enqueue("diagnostics.ping", note="after the fire").id
    made = house.back_up()
    house.lose_everything()

    with SmtpDouble() as double, house.app(**mail_server(double)) as app:
        restore(made, actor="test", mails="send")
        worker.run(app, burst=True)
        with clock.frozen(starts - timedelta(minutes=15)):
            enqueue("reminders.check")
            worker.run(app, burst=True)
        db.session.rollback()

        assert db.session.get_one(JobRun, run_id).state == "finished"
        assert [mail.recipient for mail in double.accepted] == ["zoe@school.example"]


def test_without_redis_in_the_backup_the_queues_are_rebuilt_from_the_rows(sqlite_house: House) -> None:
    with sqlite_house.app() as app:
        run_id = enqueue("diagnostics.ping").id
        app.extensions["edupulse"].redis = nowhere()
        made = sqlite_house.make_backup()
    sqlite_house.lose_everything()

    with sqlite_house.app() as app:
        restore(made, actor="test", mails="send")
        with clock.frozen(clock.now() + timedelta(minutes=2)):
            reconcile.reconcile(clock.now())
            worker.run(app, burst=True)
        db.session.rollback()

        assert db.session.scalars(select(Backup.contents)).one()["redis"]["keys"] == 0
        assert db.session.get_one(JobRun, run_id).state == "finished"


def test_what_was_there_is_put_aside_and_what_it_knows_of_open_mails_is_carried_over(house: House) -> None:
    with house.app():
        about = str(an_event().id)
        left, waits = (a_delivery("queued", attempts=0).key for _ in range(2))
    made = house.back_up()
    with house.app():
        moment = clock.now()
        with transaction() as session:
            session.execute(update(Delivery).where(Delivery.key == left).values(state="sent", sent_at=moment))
        later, still_open = a_delivery("sent", subject_id=about).key, a_delivery("queued", attempts=0).key

    with house.app():
        done = restore(made, actor="test", mails="send")
        states = {mail.key: mail.state for mail in db.session.scalars(select(Delivery))}

        assert states == {left: "sent", waits: "queued", later: "sent"}
        assert still_open not in states
        assert (done.mails_open, done.mails_known) == (1, 2)
        assert there_is(done.aside)


def test_what_is_new_after_a_restore_does_not_pass_for_mailed_because_it_has_the_number_of_the_lost(
    sqlite_house: House,
) -> None:
    with sqlite_house.app():
        known = an_event().id
    made = sqlite_house.back_up()
    with sqlite_house.app():
        lost = an_event("Only in the present").id
        kept, gone = (a_delivery("sent", subject_id=str(number)).key for number in (known, lost))
        with transaction() as session:
            stop = {"reason": "Asked for it", "source": "link", "created_at": clock.now()}
            session.add(Suppression(address="zoe@school.example", scope="newsletter", **stop))

    with sqlite_house.app():
        done = restore(made, actor="test", mails="send")

        assert set(db.session.scalars(select(Delivery.key))) == {kept}
        assert gone != kept
        assert db.session.scalars(select(Suppression.scope)).one() == "newsletter"
        assert done.notes == ["Taken over: 1 addresses that are to get no mail any more."]


def test_mail_is_held_until_a_person_lets_it_go_whatever_the_settings_become(sqlite_house: House) -> None:
    with sqlite_house.app():
        a_delivery("queued", attempts=0)
    made = sqlite_house.back_up()
    with sqlite_house.app():
        restore(made, actor="ada@school.example")

        assert senders.ready(clock.now()) is None
    with SmtpDouble() as double, sqlite_house.app(**mail_server(double)):
        assert senders.ready(clock.now()) is None
        senders.pause(cause="password", reason="Refused.", cure="Correct it.")
        assert db.session.scalars(select(Sender.pause_cause)).one() == "restored"
        assert senders.resume()
        assert senders.ready(clock.now()) is not None


def test_open_mails_can_be_taken_for_doubtful(sqlite_house: House) -> None:
    with sqlite_house.app():
        a_delivery("queued", attempts=0)
        a_delivery("sent")
    made = sqlite_house.back_up()

    with sqlite_house.app():
        restore(made, actor="test", mails="doubt")
        found = db.session.execute(select(Delivery.state, Delivery.reason).order_by(Delivery.id)).all()

        # A reminder that is only planned in it may have left, too: it becomes a mail when EduPulse runs.
        assert db.session.scalars(select(Sender.pause_cause)).one() == "restored"

    assert [state for state, _ in found] == ["unknown", "sent"]
    assert "may have left since" in found[0].reason


def test_a_restore_that_fails_late_leaves_what_was_there(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = house.back_up()
    with house.app() as app:
        an_event("Only in the present")
        before = rows(app), keys(house.redis)

    with house.app() as app:
        monkeypatch.setattr(schema, "upgrade", fail)
        with pytest.raises(Unavailable, match="the disk is gone"):
            restore(made, actor="test")

        assert (rows(app), keys(house.redis)) == before


def test_a_backup_of_an_older_schema_is_brought_up_to_date(sqlite_house: House, tmp_path: Path) -> None:
    with sqlite_house.app():
        newest = schema.newest_step()
        downgrade(previous_step())
        made = packed(tmp_path / "older.tar.gz", tmp_path)

    with sqlite_house.app():
        done = restore(made, actor="test")

        assert schema.present_step() == newest
        assert done.rows > 0


def test_nothing_is_restored_under_a_process_that_lives(sqlite_house: House) -> None:
    made = sqlite_house.back_up()
    with sqlite_house.app() as app:
        a_process("worker")
        before = rows(app)

        with pytest.raises(Conflict, match="EduPulse is at work: worker"):
            restore(made, actor="test")
        assert rows(app) == before
        assert isinstance(restore(made, actor="test", force=True), Restored)


def test_nothing_is_restored_while_redis_is_away_unless_that_is_wanted(sqlite_house: House) -> None:
    made = sqlite_house.back_up()
    with sqlite_house.app() as app:
        app.extensions["edupulse"].redis = nowhere()

        with pytest.raises(Unavailable, match="Redis cannot be reached"):
            restore(made, actor="test")
        done = restore(made, actor="test", force=True)

    assert "Redis was away" in done.notes[0]


def test_another_program_at_the_database_is_named_before_anything_is_touched(house: House) -> None:
    made = house.back_up()
    with house.app(), house.another_program(), pytest.raises(Conflict) as refusal:
        restore(made, actor="test")

    assert "open" in refusal.value.message or "somebody else" in refusal.value.message


def test_a_backup_of_the_other_database_is_refused(
    sqlite_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = sqlite_house.back_up()
    with sqlite_house.app():
        monkeypatch.setattr(db.engine.dialect, "name", "postgresql")

        with pytest.raises(
            Conflict, match="holds a database of sqlite; DATABASE_URL names one of postgresql"
        ):
            restore(made, actor="test")


def test_a_backup_of_a_newer_schema_is_refused(sqlite_house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    made = sqlite_house.back_up()
    with sqlite_house.app() as app:
        before = rows(app)
        monkeypatch.setattr(schema, "is_known", lambda step: False)

        with pytest.raises(Conflict, match="newer than this version"):
            restore(made, actor="test")
        assert rows(app) == before


def test_a_key_that_is_missing_here_is_called_by_its_name(sqlite_house: House) -> None:
    made = sqlite_house.back_up()

    with sqlite_house.app(ENCRYPTION_KEYS="MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA="):
        done = restore(made, actor="test")

    assert any("not in ENCRYPTION_KEYS" in note for note in done.notes)


def test_a_log_of_a_database_that_is_gone_is_not_read_into_the_new_one(sqlite_house: House) -> None:
    made = sqlite_house.back_up()
    with sqlite_house.app() as app:
        before = rows(app)
        an_event("Later")
        log = Path(f"{sqlite_house.database}-wal").read_bytes()
    sqlite_house.lose_everything()
    Path(f"{sqlite_house.database}-wal").write_bytes(log)

    with sqlite_house.app() as app:
        restore(made, actor="test", mails="send")

        assert rows(app) == before


def test_what_is_restored_belongs_to_whom_the_former_belonged(sqlite_house: House) -> None:
    made = sqlite_house.back_up()
    sqlite_house.database.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(sqlite_house.database, 65534, 65534)
    before = sqlite_house.database.stat()

    with sqlite_house.app():
        restore(made, actor="test")

    after = sqlite_house.database.stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)
    assert after.st_ino != before.st_ino


def test_a_damaged_database_is_no_obstacle(sqlite_house: House) -> None:
    made = sqlite_house.back_up()
    with sqlite_house.app() as app:
        before = rows(app)
    sqlite_house.database.write_bytes(b"this was a database" * 1000)

    with sqlite_house.app() as app:
        done = restore(made, actor="test", mails="send")

        assert rows(app) == before
    assert Path(done.aside).read_bytes().startswith(b"this was")


def nowhere() -> Redis:
    """Return a Redis that is away."""
    return Redis(unix_socket_path="/nowhere/redis.sock", retry=Retry(NoBackoff(), 0))


def fail() -> None:
    raise Unavailable("the disk is gone")


def mail_server(double: SmtpDouble) -> dict[str, str]:
    return {"SMTP_SERVER": double.host, "SMTP_PORT": str(double.port), "SMTP_SECURITY": "none"}


def there_is(aside: str) -> bool:
    if db.engine.dialect.name == "sqlite":
        return Path(aside).is_file()
    with db.engine.connect() as connection:
        return "delivery" in inspect(connection).get_table_names(schema=aside)


def previous_step() -> str:
    (before,) = (
        step.down_revision for step in schema._steps().walk_revisions("base", "head") if step.is_head
    )
    return str(before)


def downgrade(step: str) -> None:
    from alembic import command

    command.downgrade(schema._config(), step)


def packed(path: Path, work: Path) -> Path:
    """Write a backup of the database as it is, whatever its schema."""
    content.pack(path, content.collect(work, clock.now(), with_storage=False))
    return path
