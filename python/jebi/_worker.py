"""What a supervisor starts: ``python -m jebi._worker FD``, which is :mod:`jebi.server.worker`.

It stands apart because that module's package imports what is put off here.
"""

from jebi._collection import seldom

with seldom():
    from jebi import _plugins, _put_off

    _put_off.put_off_seldom_used()
    _plugins.look_quickly()

    from jebi.server.worker import main

if __name__ == "__main__":
    main()
