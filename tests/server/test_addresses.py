"""How addresses are written."""

from __future__ import annotations

import pytest

from jebi.server.addresses import Inherited, Internet, Place, Unix, parse
from jebi.server.errors import CannotStart


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("127.0.0.1:9000", Internet("127.0.0.1", 9000)),
        ("example.org:0", Internet("example.org", 0)),
        ("localhost", Internet("localhost", 8000)),
        (":9000", Internet("", 9000)),
        ("[::1]:9000", Internet("::1", 9000)),
        ("[::]", Internet("::", 8000)),
        ("unix:/run/app.sock", Unix("/run/app.sock")),
        ("unix:///run/app.sock", Unix("/run/app.sock")),
        ("unix:app.sock", Unix("app.sock")),
        ("unix:@app", Unix("@app")),
        ("fd://3", Inherited(3)),
        ("fd://web", Inherited(None, "web")),
    ],
)
def test_what_an_address_names(text: str, place: Place) -> None:
    assert parse(text, 8000) == place


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "'' is no address: write HOST:PORT"),
        ("::1:80", "IPv6 needs brackets, as in [::1]:8000"),
        ("[localhost]:80", "'localhost' in the address '[localhost]:80' is no IPv6 address"),
        ("localhost:http", "'http' in the address 'localhost:http' is no port"),
        ("localhost:-1", "'-1' in the address"),
        ("localhost:65536", "'65536' in the address"),
        ("localhost:٣", "is no port"),
        ("/run/app.sock", "is no address: write HOST:PORT, [IPV6]:PORT, :PORT, unix:PATH"),
        ("http://localhost:80", "is no address"),
        ("unix:", "there is no path in the address 'unix:'"),
        ("fd://", "there is no number in the address 'fd://'"),
    ],
)
def test_what_names_nothing(text: str, complaint: str) -> None:
    with pytest.raises(CannotStart) as caught:
        parse(text, 8000)
    assert complaint in str(caught.value)
