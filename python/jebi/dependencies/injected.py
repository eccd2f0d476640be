"""What a call takes of the request itself, as the plan's inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jebi._plan import Inject

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jebi._plan import Input
    from jebi.dependencies.models import Dependant


def request_inputs(dependant: Dependant, *, is_websocket: bool) -> Iterator[Input]:
    """What the call wants of the request itself."""
    if dependant.http_connection_param_name:
        yield Inject(dependant.http_connection_param_name, "request")
    if dependant.request_param_name and not is_websocket:
        yield Inject(dependant.request_param_name, "request")
    if dependant.websocket_param_name and is_websocket:
        yield Inject(dependant.websocket_param_name, "request")
    if dependant.background_tasks_param_name:
        yield Inject(dependant.background_tasks_param_name, "background_tasks")
    if dependant.response_param_name:
        yield Inject(dependant.response_param_name, "response")
