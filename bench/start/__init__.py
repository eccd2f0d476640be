"""How long Jebi and FastAPI on uvicorn take to start, and what they keep in memory."""
