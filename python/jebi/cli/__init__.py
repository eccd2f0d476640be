"""The ``jebi`` command; under the drop-in, the ``fastapi`` command."""

from jebi.cli.main import main as main
