"""What an application tells OpenTelemetry of its requests: ``FastAPI(telemetry={...})``.

From the outside in: ``_switch`` knows whether anything is asked for; ``_asgi`` goes around a
request, with what ``_conventions`` calls its parts and what ``_signals`` finds to send them to;
``_request`` is what is known of it meanwhile; ``_plan`` and ``_operations`` make the spans inside
of it, ``_events`` the log records. ``_runtime`` brings the exporters that the environment asks for.
OpenTelemetry is imported by none of them before an application asks for it.
"""

from typing import TYPE_CHECKING

from jebi._late import late

if TYPE_CHECKING:
    from jebi.telemetry.config import TelemetryConfig
    from jebi.telemetry.data import TelemetryData, get_telemetry_data
else:
    __getattr__, __dir__ = late(
        __name__,
        {
            "TelemetryConfig": "jebi.telemetry.config",
            "TelemetryData": "jebi.telemetry.data",
            "get_telemetry_data": "jebi.telemetry.data",
        },
    )

__all__ = ["TelemetryConfig", "TelemetryData", "get_telemetry_data"]
