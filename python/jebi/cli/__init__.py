"""The ``jebi`` command; under the drop-in, the ``fastapi`` command."""

from jebi._collection import seldom

with seldom():
    from jebi import _plugins, _put_off

    _put_off.put_off_seldom_used()
    _plugins.look_quickly()

    from jebi.cli.plain import read_plain, serve_plain


def main() -> None:
    """Do what the command line says, and leave the process.

    ``jebi run`` with plain options is read here; all else, what is wrong included, by click, whose
    import takes a tenth of the time to the first answer.
    """
    plain = read_plain()
    if plain is not None:
        serve_plain(plain)
        return
    with seldom():
        from jebi.cli.commands import main as commands
    commands()
