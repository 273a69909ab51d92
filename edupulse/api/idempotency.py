"""A POST with the header Idempotency-Key is done once, however often it is sent: the answer is kept with the deed."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Iterator
from typing import TypeVar

from flask import Response, request
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage

from edupulse.accounts.models import IdempotentCall
from edupulse.api.gate import caller
from edupulse.clock import now
from edupulse.config import current_settings
from edupulse.database import db
from edupulse.errors import Invalid
from edupulse.transaction import transaction

HEADER = "Idempotency-Key"
REPLAY = "Idempotent-Replay"
WELL_FORMED = re.compile(r"[\x21-\x7e]{1,200}")
PIECE = 1024 * 1024  # bytes of a file that are read at once

View = TypeVar("View", bound=Callable[..., object])


def unkeyed(view: View) -> View:
    """Mark a view for which the key changes nothing.

    Either it waits for the network, during which no transaction may be open, or its answer holds a secret, which
    must not be kept.
    """
    view.is_unkeyed = True  # type: ignore[attr-defined]
    return view


def once(view: Callable[..., object], act: Callable[[], Response]) -> Response:
    """Return what `act` answers, or the kept answer where this very call has been done before.

    The deed and its answer are committed together, so that there is never one without the other. Only what went
    well is kept. Raises Invalid for a key that was used for another call.
    """
    key = request.headers.get(HEADER, "")
    if request.method != "POST" or not key or getattr(view, "is_unkeyed", False):
        return act()
    if not WELL_FORMED.fullmatch(key):
        raise Invalid(f"The header {HEADER} must be 1 to 200 visible ASCII characters.", cure="Send a UUID.")
    said = _fingerprint()
    with transaction() as session:
        if not _is_first(session, key, said):
            return _kept(session.get_one(IdempotentCall, (caller().token_id, key)), said)
        response = act()
        _keep(session.get_one(IdempotentCall, (caller().token_id, key)), response, session)
    return response


def _is_first(session: Session, key: str, said: str) -> bool:
    """Take the key. A second call with it waits here until the first one is over, and finds it taken then."""
    taken = _INSERT_UNLESS_TAKEN[db.engine.dialect.name]
    row = {"token_id": caller().token_id, "key": key, "fingerprint": said, "created_at": now()}
    return session.scalar(taken, {**row, "status": 0, "answer": ""}) is not None


def _kept(call: IdempotentCall, said: str) -> Response:
    if not hmac.compare_digest(call.fingerprint, said):
        raise Invalid(
            f"This {HEADER} was used for another call.",
            cure="Make a new key for each thing that you want done.",
        )
    response = Response(call.answer, call.status, mimetype="application/json")
    response.headers[REPLAY] = "true"
    return response


def _keep(call: IdempotentCall, response: Response, session: Session) -> None:
    if response.status_code < 300 and response.is_json:
        call.status, call.answer = response.status_code, response.get_data(as_text=True)
    else:
        session.delete(call)


def _fingerprint() -> str:
    """Return what stands for all that this call says. Keyed, because a password may be part of it."""
    key = current_settings().secret_key.reveal().encode()
    digest = hmac.new(key, digestmod=hashlib.sha256)
    for piece in _said():
        digest.update(
            hashlib.sha256(piece).digest()
        )  # each as long as the others: no two calls read the same
    return digest.hexdigest()


def _said() -> Iterator[bytes]:
    yield request.path.rstrip("/").encode()
    yield request.query_string
    if request.mimetype != "multipart/form-data":  # whose boundary is another one each time
        yield request.get_data()
        return
    for name, value in request.form.items(multi=True):
        yield from (name.encode(), value.encode())
    for name, file in request.files.items(multi=True):
        yield from (name.encode(), (file.filename or "").encode(), *_pieces(file))


def _pieces(file: FileStorage) -> Iterator[bytes]:
    while piece := file.stream.read(PIECE):
        yield piece
    file.stream.seek(0)


_INSERT_UNLESS_TAKEN = {
    dialect: upsert(IdempotentCall).on_conflict_do_nothing().returning(IdempotentCall.token_id)
    for dialect, upsert in (("sqlite", sqlite_insert), ("postgresql", postgresql_insert))
}
