"""The ``jebi`` command; under the drop-in, the ``fastapi`` command."""

from jebi._collection import seldom

with seldom():
    from jebi import _plugins, _put_off

    _put_off.put_off(*_put_off.SELDOM_USED)
    _plugins.look_quickly()

    from jebi.cli.main import main as main
