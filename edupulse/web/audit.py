"""Who did what to which thing, and what was before and after: the whole log, searched."""

from __future__ import annotations

from dataclasses import asdict

from flask import Blueprint, render_template, request

from edupulse.accounts import audit
from edupulse.accounts.audit import AuditFilter
from edupulse.web.instants import instant

blueprint = Blueprint("audit", __name__, url_prefix="/audit")


@blueprint.get("")
def index() -> str:
    """List what was done by the filter in the address, newest first."""
    filters = _filters()
    page = audit.entries(filters, cursor=request.args.get("page", ""))
    is_narrow = any(asdict(filters).values())
    return render_template("audit/index.html", page=page, filters=filters, is_narrow=is_narrow)


def _filters() -> AuditFilter:
    actor, action, subject = (request.args.get(name, "").strip() for name in ("actor", "action", "subject"))
    since, until = (instant(request.args.get(name, ""), name) for name in ("since", "until"))
    return AuditFilter(actor, action, subject, since, until)
