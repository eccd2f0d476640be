"""The schemas of all fields of a document, made in one go so that names are settled once.

A model that is read and written alike has one definition; one whose input and output differ has
two, with ``-Input`` and ``-Output`` in their names, unless the application asks for one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jebi._compat import (
    get_definitions,
    get_flat_models_from_fields,
    get_model_name_map,
    get_schema_from_model_field,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jebi._compat import ModelField


class Definitions:
    """What the fields of a document look like.

    Attributes:
        schemas: By name, what the fields' schemas refer to.
    """

    def __init__(self, fields: Sequence[ModelField], *, separate: bool = True) -> None:
        """Describe ``fields``; with ``separate``, input and output apart where they differ."""
        self._separate = separate
        self._names = get_model_name_map(get_flat_models_from_fields(fields, known_models=set()))
        self._mapping, self.schemas = get_definitions(
            fields=fields,
            model_name_map=self._names,
            separate_input_output_schemas=separate,
        )

    def schema_of(self, field: ModelField, alias: str | None = None) -> dict[str, Any]:
        """A field's schema, entitled by the field or else by its ``alias``."""
        return get_schema_from_model_field(
            field=field,
            model_name_map=self._names,
            field_mapping=self._mapping,
            separate_input_output_schemas=self._separate,
            field_alias=alias,
        )
