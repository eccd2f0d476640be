"""The ``jebi`` command; under the drop-in, the ``fastapi`` command."""

from jebi._collection import seldom

with seldom():
    from jebi.cli.main import main as main
