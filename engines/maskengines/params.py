"""Engine parameters: one pydantic model is the form, the command line and the recipe at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from maskengines.errors import BadInput


class Params(BaseModel):
    """Base of every engine's parameters. Frozen; an unknown key is an error.

    Use ``Field(default, ge=..., le=..., title=..., description=...)``: the title labels the form, the
    description is its tooltip, bounds become slider ends. ``json_schema_extra={"advanced": True}``
    folds a field away; ``"hint"`` says what an empty text means, ``"format": "directory-path"`` offers to
    choose a folder.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> Self:
        """Validate ``values``. Strings are converted, as they come from ``--set key=value``.

        Raises:
            BadInput: one sentence that names the first offending key and what it accepts.
        """
        try:
            return cls.model_validate(dict(values))
        except ValidationError as error:
            raise BadInput(_sentence(cls, error)) from None


def _sentence(model: type[Params], error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    key = ".".join(str(part) for part in first["loc"]) or "parameters"
    if first["type"] == "extra_forbidden":
        known = ", ".join(sorted(model.model_fields)) or "none"
        return f"Unknown parameter '{key}'. Known parameters: {known}."
    given = first.get("input")
    return f"Parameter '{key}' cannot be {given!r}: {first['msg'][0].lower()}{first['msg'][1:]}."
