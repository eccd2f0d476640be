"""pydantic's ``EmailStr``, or a lenient stand-in where email-validator is not installed."""

import logging
from typing import TYPE_CHECKING, Any

from pydantic_core import core_schema

if TYPE_CHECKING:
    from pydantic import EmailStr, GetCoreSchemaHandler, GetJsonSchemaHandler
else:
    try:
        import email_validator  # noqa: F401 (pydantic's own type needs it when used)
        from pydantic import EmailStr
    except ImportError:

        class EmailStr(str):
            """Any string; says once per use that nobody checked it."""

            __slots__ = ()

            @classmethod
            def _unchecked(cls, value: Any, _info: Any) -> str:
                logging.getLogger("fastapi").warning(
                    "email-validator is not installed, so email fields accept any string; "
                    "install it with: pip install email-validator"
                )
                return str(value)

            @classmethod
            def __get_pydantic_core_schema__(
                cls, _source: type[Any], _handler: "GetCoreSchemaHandler"
            ) -> core_schema.CoreSchema:
                return core_schema.with_info_plain_validator_function(cls._unchecked)

            @classmethod
            def __get_pydantic_json_schema__(
                cls, _schema: core_schema.CoreSchema, _handler: "GetJsonSchemaHandler"
            ) -> dict[str, Any]:
                return {"type": "string", "format": "email"}


__all__ = ["EmailStr"]
