"""Workflows: how far each has come, what became of each step, and who may stop one."""

from __future__ import annotations

import pytest

from edupulse.control.models import Workflow
from edupulse.control.workflow import chain, group, start, step
from edupulse.testing import recorded, run_due
from tests.control.workflows import states_of
from tests.web.conftest import Browser, words_of

pytestmark = pytest.mark.usefixtures("now")


def a_workflow(name: str = "month-end") -> Workflow:
    """Start one that says hello twice and then, whatever comes of it, goodbye."""
    hellos = group(
        step("diagnostics.ping", key="first", note="hello"), step("diagnostics.ping", key="second")
    )
    with recorded():
        return start(
            name, chain(hellos, step("diagnostics.ping", key="bye", always=True)), actor="ada@school.example"
        )


def test_an_empty_list_says_what_a_workflow_is(viewer: Browser) -> None:
    assert "No workflow yet" in words_of(viewer.get("/workflows"))


def test_the_list_shows_how_far_each_has_come(viewer: Browser) -> None:
    a_workflow()
    run_due()
    a_workflow("campaign")

    page = words_of(viewer.get("/workflows"))

    assert "month-end by ada@school.example Finished 3 of 3 over" in page
    assert "campaign by ada@school.example Under way 0 of 3 over" in page


def test_the_list_can_be_narrowed_by_state(viewer: Browser) -> None:
    a_workflow()

    assert "month-end" in words_of(viewer.get("/workflows?state=running"))
    assert "No workflow is in this state" in words_of(viewer.get("/workflows?state=failed&part=live"))


def test_one_workflow_shows_its_steps_and_leads_to_their_runs(viewer: Browser) -> None:
    workflow = a_workflow()

    page = viewer.get(f"/workflows/{workflow.id}")

    words = words_of(page)
    assert "first diagnostics.ping Queued at once – 0" in words
    assert "bye diagnostics.ping Waiting first, second whatever became of them – 0" in words
    assert page.text.count('href="/jobs/diagnostics-ping-') == 2
    assert f'data-live="/workflows/{workflow.id}?part=live"' in page.text
    assert "<html" not in viewer.get(f"/workflows/{workflow.id}?part=live").text


def test_an_operator_cancels_a_workflow_and_the_page_says_who_did(operator: Browser) -> None:
    workflow = a_workflow()

    answer = operator.post(f"/workflows/{workflow.id}/cancellation")

    assert answer.status_code == 303
    assert states_of(workflow.id) == {"first": "cancelled", "second": "cancelled", "bye": "running"}
    assert "workflow.cancel" in words_of(operator.get(f"/workflows/{workflow.id}"))


def test_a_viewer_may_look_and_not_cancel(viewer: Browser) -> None:
    workflow = a_workflow()

    assert "Cancel" not in words_of(viewer.get(f"/workflows/{workflow.id}"))
    assert viewer.post(f"/workflows/{workflow.id}/cancellation").status_code == 403


def test_what_is_over_cannot_be_cancelled(operator: Browser) -> None:
    workflow = a_workflow()
    run_due()

    assert operator.post(f"/workflows/{workflow.id}/cancellation").status_code == 409


def test_an_unknown_workflow_is_not_found(viewer: Browser) -> None:
    assert viewer.get("/workflows/7").status_code == 404
