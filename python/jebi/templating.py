"""Templates, as the toolkit renders them."""

from jebi.web.templating import Jinja2Templates as Jinja2Templates
