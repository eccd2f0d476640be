"""Workers and reload. (``interface`` stands first because it does in uvicorn.)"""

from dataclasses import KW_ONLY, dataclass

from jebi.server.settings.declaration import setting


@dataclass(init=False, eq=False, repr=False)
class Processes:
    """What kind of application it is, and in how many processes it runs."""

    interface: str = setting(
        "auto",
        help="What the application is written for; found out by what it is called with.",
        choices=("auto", "asgi3", "asgi2", "wsgi"),
    )
    reload: bool = setting(False, help="Restart when a file changes.")
    reload_dirs: list[str] | str | None = setting(
        None,
        help="Watch this directory and not the current one; may be repeated.",
        flag="--reload-dir",
        path="directory",
    )
    reload_delay: float = setting(
        0.25, help="Seconds in which changes are taken together.", minimum=0
    )
    reload_includes: list[str] | str | None = setting(
        None,
        help="Files to watch beside *.py; may be repeated.",
        flag="--reload-include",
        metavar="GLOB",
    )
    reload_excludes: list[str] | str | None = setting(
        None,
        help="Files or directories not to watch; may be repeated.",
        flag="--reload-exclude",
        metavar="GLOB",
    )
    workers: int | None = setting(
        None,
        help="Serve in so many processes.",
        minimum=1,
        shown="1",
        variables=("WEB_CONCURRENCY",),
    )
    _: KW_ONLY
