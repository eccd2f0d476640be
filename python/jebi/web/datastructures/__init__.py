"""What requests and responses are made of."""

from typing import TYPE_CHECKING

from jebi._late import late

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
from jebi.web.datastructures.state import Address, State
from jebi.web.datastructures.upload import UploadFile
from jebi.web.datastructures.url import URL, URLPath
from jebi.web.types import Scope as Scope

if TYPE_CHECKING:
    from jebi.web.datastructures.settings import CommaSeparatedStrings, Secret
else:
    __getattr__, __dir__ = late(
        __name__,
        dict.fromkeys(("CommaSeparatedStrings", "Secret"), "jebi.web.datastructures.settings"),
    )

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
