"""What is added to answers, and the rest of uvicorn's settings in its order."""

from dataclasses import KW_ONLY, dataclass

from jebi.server.settings.declaration import setting


@dataclass(init=False, eq=False, repr=False)
class Answers:
    """Headers of the operator; and how the application is made."""

    headers: list[tuple[str, str]] | None = setting(
        None,
        help="Send this header with each answer; may be repeated.",
        flag="--header",
        metavar="NAME:VALUE",
        pair=":",
    )
    factory: bool = setting(False, help="APP is a function that makes the application.")
    h11_max_incomplete_event_size: int | None = setting(
        None, help="The longest header block, in bytes.", minimum=1
    )
    reset_contextvars: bool = setting(
        False, help="Hide from requests what the lifespan put into context variables."
    )
    _: KW_ONLY
