"""The framework's logger, under the name that existing logging settings use."""

import logging

logger = logging.getLogger("fastapi")
