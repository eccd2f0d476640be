"""Static files, as the toolkit serves them."""

from jebi.web.staticfiles import StaticFiles as StaticFiles
