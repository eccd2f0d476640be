"""How the application is found and started; what kind it is stands with the processes."""

import os
from dataclasses import KW_ONLY, dataclass
from typing import Literal

from jebi.server.settings.declaration import setting


@dataclass(init=False, eq=False, repr=False)
class Application:
    """Lifespan and environment."""

    lifespan: Literal["auto", "on", "off"] = setting(
        "auto",
        help="Whether the application is told of start-up and shutdown.",
        choices=("auto", "on", "off"),
    )
    env_file: str | os.PathLike[str] | None = setting(
        None, help="Set variables from this file, where they are not set yet.", path="file"
    )
    _: KW_ONLY
    app_dir: str | None = setting(
        None, help="Import from this directory.", path="directory", shown="here"
    )
    doubts: bool = setting(
        False, help="Log what could be better about the application; jebi dev does.", flag=""
    )
