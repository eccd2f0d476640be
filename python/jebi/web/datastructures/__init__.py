"""What requests and responses are made of."""

from jebi.web.datastructures.headers import Headers, MutableHeaders
from jebi.web.datastructures.multidict import (
    FormData,
    ImmutableMultiDict,
    MultiDict,
    QueryParams,
)
from jebi.web.datastructures.settings import CommaSeparatedStrings, Secret
from jebi.web.datastructures.state import Address, State
from jebi.web.datastructures.upload import UploadFile
from jebi.web.datastructures.url import URL, URLPath

__all__ = [
    "URL",
    "Address",
    "CommaSeparatedStrings",
    "FormData",
    "Headers",
    "ImmutableMultiDict",
    "MultiDict",
    "MutableHeaders",
    "QueryParams",
    "Secret",
    "State",
    "URLPath",
    "UploadFile",
]
