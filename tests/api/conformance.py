"""Every answer that a test gets from the API is held against its contract."""

from __future__ import annotations

from flask import Flask, Response, current_app, request

from edupulse.api.noun import Contract, File
from edupulse.api.openapi import Refusal


def watch(app: Flask) -> None:
    """Fail a test in which the API answers otherwise than its document says."""
    app.after_request(_check)


def _check(response: Response) -> Response:
    contract = getattr(current_app.view_functions.get(request.endpoint or ""), "contract", None)
    if isinstance(contract, Contract) and request.method not in ("OPTIONS", "HEAD"):
        _hold(response, contract)
    return response


def _hold(response: Response, contract: Contract) -> None:
    good = {contract.status: contract.gives, **contract.also}
    if response.status_code >= 400:
        Refusal.model_validate_json(response.get_data(), strict=True, extra="forbid")
        return
    assert response.status_code in good, (
        f"{request.path} answers {response.status_code}, documented: {set(good)}"
    )
    gives = good[response.status_code]
    if isinstance(gives, File):
        assert response.content_type in gives.content_types
    else:
        assert gives is not None, f"{request.endpoint} does not say what it gives"
        gives.model_validate_json(response.get_data(), strict=True, extra="forbid")
