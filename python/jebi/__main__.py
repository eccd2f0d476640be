"""``python -m jebi``, and under the drop-in ``python -m fastapi``."""

from jebi.cli import main

if __name__ == "__main__":
    main()
