"""WebSocket sessions, as the toolkit makes them."""

from jebi.web.websockets import WebSocket as WebSocket
from jebi.web.websockets import WebSocketDisconnect as WebSocketDisconnect
from jebi.web.websockets import WebSocketState as WebSocketState
