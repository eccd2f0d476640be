"""The objects of an OpenAPI 3.1 document, from the document down to a media type.

Fields stand in the order of the tables of https://spec.openapis.org/oas/v3.1.0, because a document
is written out in that order. Schemas and security schemes have modules of their own and are part
of this one's public names.
"""
# ruff: noqa: N815 (fields are named as the specification names them)

from enum import Enum
from typing import Annotated, Any, Union

from pydantic import AnyUrl, ConfigDict, Field
from typing_extensions import TypedDict

from jebi.openapi._base import BaseModelWithConfig as BaseModelWithConfig
from jebi.openapi._base import Reference as Reference
from jebi.openapi._email import EmailStr as EmailStr
from jebi.openapi._schema import XML as XML
from jebi.openapi._schema import Discriminator as Discriminator
from jebi.openapi._schema import ExternalDocumentation as ExternalDocumentation
from jebi.openapi._schema import Schema as Schema
from jebi.openapi._schema import SchemaOrBool as SchemaOrBool
from jebi.openapi._schema import SchemaType as SchemaType
from jebi.openapi._schemes import APIKey as APIKey
from jebi.openapi._schemes import APIKeyIn as APIKeyIn
from jebi.openapi._schemes import HTTPBase as HTTPBase
from jebi.openapi._schemes import HTTPBearer as HTTPBearer
from jebi.openapi._schemes import OAuth2 as OAuth2
from jebi.openapi._schemes import OAuthFlow as OAuthFlow
from jebi.openapi._schemes import OAuthFlowAuthorizationCode as OAuthFlowAuthorizationCode
from jebi.openapi._schemes import OAuthFlowClientCredentials as OAuthFlowClientCredentials
from jebi.openapi._schemes import OAuthFlowImplicit as OAuthFlowImplicit
from jebi.openapi._schemes import OAuthFlowPassword as OAuthFlowPassword
from jebi.openapi._schemes import OAuthFlows as OAuthFlows
from jebi.openapi._schemes import OpenIdConnect as OpenIdConnect
from jebi.openapi._schemes import SecurityBase as SecurityBase
from jebi.openapi._schemes import SecurityScheme as SecurityScheme
from jebi.openapi._schemes import SecuritySchemeType as SecuritySchemeType


class Contact(BaseModelWithConfig):
    """Whom to ask about the API."""

    name: str | None = None
    url: AnyUrl | None = None
    email: EmailStr | None = None


class License(BaseModelWithConfig):
    """Under which terms the API may be used."""

    name: str
    identifier: str | None = None
    url: AnyUrl | None = None


class Info(BaseModelWithConfig):
    """What the API is."""

    title: str
    summary: str | None = None
    description: str | None = None
    termsOfService: str | None = None
    contact: Contact | None = None
    license: License | None = None
    version: str


class ServerVariable(BaseModelWithConfig):
    """A hole in a server's URL."""

    enum: Annotated[list[str] | None, Field(min_length=1)] = None
    default: str
    description: str | None = None


class Server(BaseModelWithConfig):
    """Where the API is served."""

    url: AnyUrl | str
    description: str | None = None
    variables: dict[str, ServerVariable] | None = None


class Example(TypedDict, total=False):
    """An example of a value, inline or elsewhere."""

    summary: str | None
    description: str | None
    value: Any | None
    externalValue: AnyUrl | None

    __pydantic_config__ = ConfigDict(extra="allow")  # type: ignore[misc]  # read by pydantic


class ParameterInType(Enum):
    """Where a request carries a parameter."""

    query = "query"
    header = "header"
    path = "path"
    cookie = "cookie"


class Encoding(BaseModelWithConfig):
    """How one property of a form is encoded."""

    contentType: str | None = None
    headers: dict[str, Union["Header", Reference]] | None = None
    style: str | None = None
    explode: bool | None = None
    allowReserved: bool | None = None


class MediaType(BaseModelWithConfig):
    """A body under one media type."""

    schema_: Schema | Reference | None = Field(default=None, alias="schema")
    example: Any | None = None
    examples: dict[str, Example | Reference] | None = None
    encoding: dict[str, Encoding] | None = None


class ParameterBase(BaseModelWithConfig):
    """What parameters and headers share."""

    description: str | None = None
    required: bool | None = None
    deprecated: bool | None = None
    style: str | None = None
    explode: bool | None = None
    allowReserved: bool | None = None
    schema_: Schema | Reference | None = Field(default=None, alias="schema")
    example: Any | None = None
    examples: dict[str, Example | Reference] | None = None
    content: dict[str, MediaType] | None = None


class Parameter(ParameterBase):
    """A parameter of an operation."""

    name: str
    in_: ParameterInType = Field(alias="in")


class Header(ParameterBase):
    """A header of an answer."""


class RequestBody(BaseModelWithConfig):
    """The body of a request."""

    description: str | None = None
    content: dict[str, MediaType]
    required: bool | None = None


class Link(BaseModelWithConfig):
    """An operation that an answer leads to."""

    operationRef: str | None = None
    operationId: str | None = None
    parameters: dict[str, Any | str] | None = None
    requestBody: Any | str | None = None
    description: str | None = None
    server: Server | None = None


class Response(BaseModelWithConfig):
    """One possible answer."""

    description: str
    headers: dict[str, Header | Reference] | None = None
    content: dict[str, MediaType] | None = None
    links: dict[str, Link | Reference] | None = None


class Operation(BaseModelWithConfig):
    """One method of a path."""

    tags: list[str] | None = None
    summary: str | None = None
    description: str | None = None
    externalDocs: ExternalDocumentation | None = None
    operationId: str | None = None
    parameters: list[Parameter | Reference] | None = None
    requestBody: RequestBody | Reference | None = None
    responses: dict[str, Response | Any] | None = None  # Any: keys may be extensions
    callbacks: dict[str, dict[str, "PathItem"] | Reference] | None = None
    deprecated: bool | None = None
    security: list[dict[str, list[str]]] | None = None
    servers: list[Server] | None = None


class PathItem(BaseModelWithConfig):
    """The operations of one path."""

    ref: str | None = Field(default=None, alias="$ref")
    summary: str | None = None
    description: str | None = None
    get: Operation | None = None
    put: Operation | None = None
    post: Operation | None = None
    delete: Operation | None = None
    options: Operation | None = None
    head: Operation | None = None
    patch: Operation | None = None
    trace: Operation | None = None
    servers: list[Server] | None = None
    parameters: list[Parameter | Reference] | None = None


class Components(BaseModelWithConfig):
    """What references point at."""

    schemas: dict[str, Schema | Reference] | None = None
    responses: dict[str, Response | Reference] | None = None
    parameters: dict[str, Parameter | Reference] | None = None
    examples: dict[str, Example | Reference] | None = None
    requestBodies: dict[str, RequestBody | Reference] | None = None
    headers: dict[str, Header | Reference] | None = None
    securitySchemes: dict[str, SecurityScheme | Reference] | None = None
    links: dict[str, Link | Reference] | None = None
    callbacks: dict[str, dict[str, PathItem] | Reference | Any] | None = None
    pathItems: dict[str, PathItem | Reference] | None = None


class Tag(BaseModelWithConfig):
    """What a tag of operations means."""

    name: str
    description: str | None = None
    externalDocs: ExternalDocumentation | None = None


class OpenAPI(BaseModelWithConfig):
    """The document."""

    openapi: str
    info: Info
    jsonSchemaDialect: str | None = None
    servers: list[Server] | None = None
    paths: dict[str, PathItem | Any] | None = None  # Any: keys may be extensions
    webhooks: dict[str, PathItem | Reference] | None = None
    components: Components | None = None
    security: list[dict[str, list[str]]] | None = None
    tags: list[Tag] | None = None
    externalDocs: ExternalDocumentation | None = None


Encoding.model_rebuild()
Operation.model_rebuild()
