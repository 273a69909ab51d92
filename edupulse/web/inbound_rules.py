"""The operator's rules for messages: listed in their order, put in, changed, moved, tried on a message, thrown away."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as AnyResponse

from edupulse.accounts.audit import entries_of
from edupulse.errors import Conflict, EduPulseError, Invalid
from edupulse.mailboxes import monitor
from edupulse.mailboxes.dispatch import planning as dispatch
from edupulse.mailboxes.dispatch import rules
from edupulse.mailboxes.dispatch.conditions import FIELDS, TESTS
from edupulse.mailboxes.handling import handlers
from edupulse.mailboxes.models import InboundRule
from edupulse.web.errors import status_of
from edupulse.web.flashes import say
from edupulse.web.inbound_rule_form import RuleForm, actions, blank, field_words, filled, read, test_words
from edupulse.web.mailbox_trial import framed

blueprint = Blueprint("inbound_rules", __name__, url_prefix="/mailboxes/rules")


@blueprint.get("")
def index() -> str:
    """List the rules in the order in which they are asked, and what is built in behind them."""
    return render_template(
        "mailboxes/rules.html",
        rules=rules.listing(),
        handlers=handlers(),
        actions=dict(actions()),
        field_words=field_words,
        test_words=test_words,
        mailboxes=_mailboxes(),
    )


@blueprint.get("/new")
def new() -> str:
    """Show the form of a new rule."""
    return form_page(blank())


@blueprint.post("")
def create() -> AnyResponse:
    """Put a rule in behind the others."""
    form = RuleForm(MultiDict(request.form))
    try:
        rule = rules.add(read(form), actor=current_user.email)
    except (Invalid, Conflict) as error:
        return _refused(form, error)
    say(f"“{rule.name}” is put in as the last rule. It is asked about every message that comes from now on.")
    return redirect(url_for(".index"), 303)


@blueprint.get("/<int:rule_id>/edit")
def edit(rule_id: int) -> str:
    """Show the form of a rule."""
    rule = rules.existing(rule_id)
    return form_page(filled(rules.draft_of(rule)), rule)


@blueprint.post("/<int:rule_id>")
def change(rule_id: int) -> AnyResponse:
    """Change a rule; what it did before stays as it is."""
    rule, form = rules.existing(rule_id), RuleForm(MultiDict(request.form))
    try:
        rules.change(rule_id, read(form), actor=current_user.email, opened=form.value("opened"))
    except (Invalid, Conflict) as error:
        return _refused(form, error, rule)
    say("Saved. It counts for every message that comes from now on.")
    return redirect(url_for(".index"), 303)


@blueprint.post("/<int:rule_id>/moves")
def move(rule_id: int) -> AnyResponse:
    """Let a rule be asked earlier or later."""
    rules.move(rule_id, _place(rule_id), actor=current_user.email)
    return redirect(url_for(".index", _anchor=f"rule-{rule_id}"), 303)


@blueprint.post("/<int:rule_id>/deletion")
def remove(rule_id: int) -> AnyResponse:
    """Throw a rule away."""
    name = rules.existing(rule_id).name
    rules.remove(rule_id, actor=current_user.email)
    say(f"The rule “{name}” is gone. What it has done stays on record.")
    return redirect(url_for(".index"), 303)


@blueprint.get("/explanation")
def explain() -> str:
    """Show which rules and handlers a message fits, and why; nothing is done."""
    typed, told, problem = request.args.get("message", "").strip(), [], ""
    try:
        told = dispatch.explain(_message_id(typed)) if typed else []
    except EduPulseError as error:
        problem = str(error)
    return render_template("mailboxes/explain.html", typed=typed, told=told, problem=problem)


@blueprint.post("/explanations")
def explain_draft() -> Response:
    """Show in a frame what the rule in the form would do about a message; nothing is done or saved."""
    form, told, problem = RuleForm(MultiDict(request.form)), [], ""
    try:
        told = dispatch.explain(_message_id(form.value("message")), read(form))
    except EduPulseError as error:
        problem = str(error)
    return framed(Response(render_template("mailboxes/explained.html", told=told, problem=problem)))


@blueprint.get("/explanation/frame")
def ready() -> Response:
    """Say what a trial of a rule does, where its result will stand."""
    return framed(Response(render_template("mailboxes/explained.html", told=[], problem="")))


def form_page(form: RuleForm, rule: InboundRule | None = None) -> str:
    """Return the page with the form."""
    latest = monitor.messages(state="processed", size=20).items
    return render_template(
        "mailboxes/rule.html",
        form=form,
        rule=rule,
        actions=actions(form.value("action")),
        field_names=tuple(FIELDS),
        test_names=TESTS,
        field_words=field_words,
        test_words=test_words,
        mailboxes=_mailboxes(),
        latest=latest,
        history_entries=entries_of(f"inbound_rule:{rule.id}") if rule else [],
    )


def _refused(form: RuleForm, error: Invalid | Conflict, rule: InboundRule | None = None) -> Response:
    form.refuse(error)
    return make_response(form_page(form, rule), status_of(error))


def _mailboxes() -> dict[int, str]:
    return {listed.mailbox.id: listed.mailbox.name for listed in monitor.listing()}


def _place(rule_id: int) -> int:
    """Return the wanted place, counted from 1."""
    rules.existing(rule_id)
    order = [rule.id for rule in rules.listing()]
    steps = {"up": -1, "down": 1}.get(request.form.get("to", ""))
    if steps is None:
        raise Invalid("Say whether the rule is asked earlier or later.", cure="Use the arrows in the list.")
    return order.index(rule_id) + 1 + steps


def _message_id(text: str) -> int:
    number = text.strip().removeprefix("#")
    if not (number.isascii() and number.isdecimal() and len(number) < 10):
        raise Invalid(
            "Say which message it is.", cure="Write its number: the last part of the address of its page."
        )
    return int(number)
