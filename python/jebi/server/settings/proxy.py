"""Behind a proxy, and what each answer says of the server."""

from dataclasses import KW_ONLY, dataclass

from jebi.server.settings.declaration import setting


@dataclass(eq=False, repr=False)
class Proxy:
    """What a proxy in front says, and whom to believe."""

    proxy_headers: bool = setting(
        True, help="Believe X-Forwarded-For and X-Forwarded-Proto of the proxies that are trusted."
    )
    server_header: bool = setting(True, help="Send Server.")
    date_header: bool = setting(True, help="Send Date.")
    forwarded_allow_ips: list[str] | str | None = setting(
        None,
        help="The proxies to believe: addresses and networks, with commas; '*' for anybody.",
        metavar="ADDRESSES",
        joined=",",
        shown="none",
        variables=("FORWARDED_ALLOW_IPS",),
    )
    root_path: str = setting("", help="The prefix that a proxy in front takes away.")
    _: KW_ONLY
