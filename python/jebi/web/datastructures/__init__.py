"""What requests and responses are made of."""

# Beside its own names, those that code written for Starlette has been seen to import from here.
from jebi.web._utils import parse_host_header as parse_host_header
from jebi.web.concurrency import run_in_threadpool as run_in_threadpool
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
from jebi.web.types import Scope as Scope

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
