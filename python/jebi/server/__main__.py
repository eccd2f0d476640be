"""``python -m jebi.server``, and under the drop-in ``python -m uvicorn``."""

from jebi.server.command import main

if __name__ == "__main__":
    main()
