"""Behind a proxy, and what each answer says of the server."""

from dataclasses import KW_ONLY, dataclass

from jebi.server.settings.declaration import setting


@dataclass(init=False, eq=False, repr=False)
class Proxy:
    """What a proxy in front says, and whom to believe."""

    proxy_headers: bool = setting(True, help="Believe what trusted proxies say in header fields.")
    server_header: bool = setting(True, help="Send Server.")
    date_header: bool = setting(True, help="Send Date.")
    forwarded_allow_ips: list[str] | str | None = setting(
        None,
        help="The proxies to trust: addresses, networks, unix, with commas; '*' for anybody.",
        metavar="ADDRESSES",
        joined=",",
        shown="none",
        variables=("FORWARDED_ALLOW_IPS",),
    )
    root_path: str = setting("", help="The prefix that a proxy in front takes away.")
    _: KW_ONLY
    forwarded_headers: str = setting(
        "for,proto",
        help="What the proxies set of X-Forwarded-*: for, proto, host, port, prefix; "
        "or forwarded alone, which is RFC 7239's.",
        metavar="NAMES",
    )
    proxy_protocol: bool = setting(
        False,
        help="Expect the PROXY protocol, version 1 or 2, on each connection of a trusted proxy.",
    )
