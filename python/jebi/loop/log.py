"""Where the loop logs: to asyncio's logger, because applications configure that one."""

import logging

logger = logging.getLogger("asyncio")
