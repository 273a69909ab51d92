"""What a call may say and what an answer holds: models that check it, and that the OpenAPI document shows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, NoReturn, TypeVar

from flask import request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from edupulse.errors import Invalid
from edupulse.paging import LARGEST_PAGE, PAGE_SIZE

LARGEST_NUMBER = 2**31 - 1  # what a row's number can be in PostgreSQL

# Text without NUL, which PostgreSQL cannot store; a row's number.
Text = Annotated[str, Field(pattern=r"^[^\x00]*$")]
Number = Annotated[int, Field(ge=1, le=LARGEST_NUMBER)]

# Far enough for everything, and so far from either end of the calendar that no offset falls off it.
FIRST, LAST = datetime(1970, 1, 2, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
Instant = Annotated[AwareDatetime, Field(ge=FIRST, le=LAST)]

Kind = TypeVar("Kind")
Model = TypeVar("Model", bound=BaseModel)


class Body(BaseModel):
    """The JSON object of a call: nothing unknown, nothing converted ("true" is no true, 1 is no text)."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)

    def said(self) -> dict[str, Any]:
        """Return what the call named; what is null counts as not named."""
        named = {name: getattr(self, name) for name in self.model_fields_set}
        return {name: value for name, value in named.items() if value is not None}


class Query(BaseModel):
    """What stands in the address behind the question mark; a name that is not known is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Paged(Query):
    """A page of a list: `cursor` as an earlier answer gave it, `size` in rows."""

    cursor: Text = Field("", description="As an earlier answer gave it in `next` or `previous`.")
    size: int = Field(PAGE_SIZE, ge=1, le=LARGEST_PAGE, description="Rows on the page.")

    def page(self) -> dict[str, Any]:
        """Return both as the lists of the domains take them."""
        return {"cursor": self.cursor, "size": self.size}


class Shown(BaseModel):
    """What an answer holds. Answers may gain fields; whoever reads them should not mind."""

    model_config = ConfigDict(frozen=True, defer_build=True)


class PageOf(Shown, Generic[Kind]):
    """One page of a list, with the cursors of the pages before and after it, null where there is none."""

    model_config = ConfigDict(
        json_schema_extra={
            "description": "One page of a list; the cursors lead to the pages before and after it."
        }
    )

    @classmethod
    def model_parametrized_name(cls, params: tuple[Any, ...]) -> str:
        return f"{params[0].__name__}Page"

    items: list[Kind]
    previous: str | None
    next: str | None


class ListOf(Shown, Generic[Kind]):
    """A short list, whole."""

    model_config = ConfigDict(json_schema_extra={"description": "A short list, whole."})

    @classmethod
    def model_parametrized_name(cls, params: tuple[Any, ...]) -> str:
        return f"{params[0].__name__}List"

    items: list[Kind]


class Nothing(Body):
    """A call that says nothing."""


class NoQuery(Query):
    """An address without a question."""


def read_body(model: type[Model]) -> Model:
    """Return the JSON object of the request; no body is an empty object.

    Raises Invalid naming a field, BadRequest for what is no JSON, UnsupportedMediaType for what does not say so.
    """
    data = request.get_data()
    if data and not request.is_json:
        raise UnsupportedMediaType("The body must be JSON.")
    try:
        return model.model_validate_json(data or b"{}")
    except ValidationError as error:
        _refuse(error, model)


def read_query(model: type[Model]) -> Model:
    """Return what stands behind the question mark. Raises Invalid naming a field."""
    try:
        return model.model_validate(request.args.to_dict())
    except ValidationError as error:
        _refuse(error, model)


def _refuse(error: ValidationError, model: type[BaseModel]) -> NoReturn:
    first = error.errors(include_url=False)[0]
    if first["type"] == "json_invalid":
        raise BadRequest(f"The body is not JSON: {first['ctx']['error']}.") from None
    field = ".".join(str(part) for part in first["loc"])[:100]
    name = f"“{field}”" if field else "The body"
    raise Invalid(f"{name} {_in_words(first)}.", cure=_cure(first, model), field=field or None) from None


_WORDS = {
    "missing": "is missing",
    "extra_forbidden": "is not known",
    "string_type": "must be a text",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "float_type": "must be a number",
    "list_type": "must be a list",
    "dict_type": "must be an object",
    "model_type": "must be a JSON object",
    "literal_error": "must be {expected}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "string_too_long": "may have at most {max_length} characters",
    "string_too_short": "must have at least {min_length} characters",
    "string_pattern_mismatch": "holds a character that cannot be stored, or is not of the form {pattern}",
    "timezone_aware": "must be a time with its offset",
    "datetime_type": "must be a time with its offset",
    "datetime_parsing": "must be a time with its offset",
    "datetime_from_date_parsing": "must be a time with its offset",
}


def _in_words(problem: ErrorDetails) -> str:
    facts: Mapping[str, object] = problem.get("ctx", {})
    said = _WORDS.get(problem["type"])
    return said.format_map(facts) if said else f"cannot be used: {problem['msg'][:200]}"


def _cure(problem: ErrorDetails, model: type[BaseModel]) -> str:
    if problem["type"] == "extra_forbidden" and len(problem["loc"]) == 1:
        known = ", ".join(model.model_fields)
        return f"Known are: {known}." if known else "Nothing is expected here."
    if problem["type"].startswith(("datetime", "timezone")):
        return "Write 2026-03-16T10:00:00+01:00."
    return ""
