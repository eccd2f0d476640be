"""The application's start-up and shutdown, over ASGI's lifespan protocol."""
