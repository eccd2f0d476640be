"""The ``jebi`` command; under the drop-in, the ``fastapi`` command."""

from jebi._collection import seldom
from jebi._put_off import SELDOM_USED, put_off

put_off(*SELDOM_USED)

with seldom():
    from jebi.cli.main import main as main
