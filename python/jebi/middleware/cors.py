"""Cross-origin requests."""

from jebi.web.middleware.cors import CORSMiddleware as CORSMiddleware
