"""How much of a form is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jebi._late import late

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jebi._form_limits_model import FormLimits as FormLimits
    from jebi._form_limits_model import FormLimits as _FormLimits  # noqa: F401 - FastAPI's name
else:
    __getattr__, __dir__ = late(
        __name__,
        {
            "FormLimits": "jebi._form_limits_model",
            "_FormLimits": "jebi._form_limits_model",
        },
    )

# Where the limits are in the scope that applications mounted below inherit.
FORM_LIMITS_KEY = "jebi.form_limits"


def checked_form_limits(limits: Mapping[str, Any] | None) -> dict[str, int]:
    """The limits, once each is known to be a name and a number that make sense."""
    if limits is None:
        return {}
    from jebi._form_limits_model import checked

    return checked(limits)
