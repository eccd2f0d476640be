"""Files that the server answers with itself."""

from dataclasses import KW_ONLY, dataclass

from jebi.server.settings.declaration import setting


@dataclass(init=False, eq=False, repr=False)
class Static:
    """Directories, each under the path that it is served at."""

    _: KW_ONLY
    static: list[tuple[str, str]] | None = setting(
        None,
        help="Serve the files of a directory under a path, before the application is asked; may "
        "be repeated.",
        metavar="PATH=DIRECTORY",
        pair="=",
        path="directory",
    )
    static_cache_control: str | None = setting(
        None, help="Send this Cache-Control with those files.", metavar="TEXT"
    )
