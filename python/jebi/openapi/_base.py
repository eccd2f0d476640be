"""What all objects of the document have in common."""

from pydantic import BaseModel, ConfigDict, Field


class BaseModelWithConfig(BaseModel):
    """An object of the document; specification extensions (``x-…``) pass through it."""

    model_config = ConfigDict(extra="allow")


class Reference(BaseModel):
    """Stands in for an object that is defined elsewhere in the document."""

    ref: str = Field(alias="$ref")
