"""Taking an ``Authorization`` header apart."""


def get_authorization_scheme_param(authorization_header_value: str | None) -> tuple[str, str]:
    """Split the header's value into its scheme and what follows; both empty without a header."""
    scheme, _, rest = (authorization_header_value or "").partition(" ")
    return scheme, rest.strip()
