"""What makes a dependency a security scheme."""

from jebi.openapi.models import SecurityBase as SecurityBaseModel


class SecurityBase:
    """A dependency that also says, in the OpenAPI document, how a client proves who it is.

    Attributes:
        model: The scheme as the document describes it.
        scheme_name: The name under which the document lists it.
    """

    model: SecurityBaseModel
    scheme_name: str
