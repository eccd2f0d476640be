"""The Schema Object: JSON Schema 2020-12 and the few keywords that OpenAPI 3.1 adds.

Keywords stand in the order of the JSON Schema vocabularies, because a document is written out in
the order of these fields.
"""
# ruff: noqa: N815 (fields are named as the specification names them)

from typing import Annotated, Any, Literal, Union

from pydantic import AnyUrl, BaseModel, Field
from typing_extensions import deprecated as deprecated_type

from jebi.openapi._base import BaseModelWithConfig

SchemaType = Literal["array", "boolean", "integer", "null", "number", "object", "string"]
SchemaOrBool = Union["Schema", bool]
Count = Annotated[int, Field(ge=0)]


class Discriminator(BaseModel):
    """Which member of a union an object is, told by one of its properties."""

    propertyName: str
    mapping: dict[str, str] | None = None


class XML(BaseModelWithConfig):
    """How a property looks in XML."""

    name: str | None = None
    namespace: str | None = None
    prefix: str | None = None
    attribute: bool | None = None
    wrapped: bool | None = None


class ExternalDocumentation(BaseModelWithConfig):
    """A link to more."""

    description: str | None = None
    url: AnyUrl


class Schema(BaseModelWithConfig):
    """The shape of a value."""

    # Core: https://json-schema.org/draft/2020-12/json-schema-core#section-8
    schema_: str | None = Field(default=None, alias="$schema")
    vocabulary: str | None = Field(default=None, alias="$vocabulary")
    id: str | None = Field(default=None, alias="$id")
    anchor: str | None = Field(default=None, alias="$anchor")
    dynamicAnchor: str | None = Field(default=None, alias="$dynamicAnchor")
    ref: str | None = Field(default=None, alias="$ref")
    dynamicRef: str | None = Field(default=None, alias="$dynamicRef")
    defs: dict[str, SchemaOrBool] | None = Field(default=None, alias="$defs")
    comment: str | None = Field(default=None, alias="$comment")

    # Subschemas: https://json-schema.org/draft/2020-12/json-schema-core#section-10
    allOf: list[SchemaOrBool] | None = None
    anyOf: list[SchemaOrBool] | None = None
    oneOf: list[SchemaOrBool] | None = None
    not_: SchemaOrBool | None = Field(default=None, alias="not")
    if_: SchemaOrBool | None = Field(default=None, alias="if")
    then: SchemaOrBool | None = None
    else_: SchemaOrBool | None = Field(default=None, alias="else")
    dependentSchemas: dict[str, SchemaOrBool] | None = None
    prefixItems: list[SchemaOrBool] | None = None
    items: SchemaOrBool | None = None
    contains: SchemaOrBool | None = None
    properties: dict[str, SchemaOrBool] | None = None
    patternProperties: dict[str, SchemaOrBool] | None = None
    additionalProperties: SchemaOrBool | None = None
    propertyNames: SchemaOrBool | None = None
    unevaluatedItems: SchemaOrBool | None = None
    unevaluatedProperties: SchemaOrBool | None = None

    # Validation: https://json-schema.org/draft/2020-12/json-schema-validation#section-6
    type: SchemaType | list[SchemaType] | None = None
    enum: list[Any] | None = None
    const: Any | None = None
    multipleOf: float | None = Field(default=None, gt=0)
    maximum: float | None = None
    exclusiveMaximum: float | None = None
    minimum: float | None = None
    exclusiveMinimum: float | None = None
    maxLength: Count | None = None
    minLength: Count | None = None
    pattern: str | None = None
    maxItems: Count | None = None
    minItems: Count | None = None
    uniqueItems: bool | None = None
    maxContains: Count | None = None
    minContains: Count | None = None
    maxProperties: Count | None = None
    minProperties: Count | None = None
    required: list[str] | None = None
    dependentRequired: dict[str, set[str]] | None = None

    # Format and content: https://json-schema.org/draft/2020-12/json-schema-validation#section-7
    format: str | None = None
    contentEncoding: str | None = None
    contentMediaType: str | None = None
    contentSchema: SchemaOrBool | None = None

    # Annotations: https://json-schema.org/draft/2020-12/json-schema-validation#section-9
    title: str | None = None
    description: str | None = None
    default: Any | None = None
    deprecated: bool | None = None
    readOnly: bool | None = None
    writeOnly: bool | None = None
    examples: list[Any] | None = None

    # OpenAPI: https://spec.openapis.org/oas/v3.1.0#schema-object
    discriminator: Discriminator | None = None
    xml: XML | None = None
    externalDocs: ExternalDocumentation | None = None
    example: Annotated[
        Any | None,
        deprecated_type(
            "OpenAPI 3.1 takes `examples` from JSON Schema; `example` is what 3.0 had."
        ),
    ] = None


Schema.model_rebuild()
