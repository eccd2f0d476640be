"""Settings from the environment and from ``.env`` files."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, overload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")

_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


class undefined:  # noqa: N801 - the public name
    """Stands for a default that was not given."""


class EnvironError(Exception):
    """A variable was changed after it had been read."""


class Environ(MutableMapping[str, str]):
    """The environment, in which what has been read can no longer change."""

    def __init__(self, environ: MutableMapping[str, str] = os.environ) -> None:
        self._environ = environ
        self._read: set[str] = set()

    def __getitem__(self, key: str) -> str:
        self._read.add(key)
        return self._environ[key]

    def __setitem__(self, key: str, value: str) -> None:
        self._check_unread(key, "set")
        self._environ[key] = value

    def __delitem__(self, key: str) -> None:
        self._check_unread(key, "delete")
        del self._environ[key]

    def _check_unread(self, key: str, what: str) -> None:
        if key in self._read:
            raise EnvironError(
                f"Attempting to {what} environ['{key}'], but the value has already been read."
            )

    def __iter__(self) -> Iterator[str]:
        return iter(self._environ)

    def __len__(self) -> int:
        return len(self._environ)


#: The environment of this process.
environ = Environ()


class Config:
    """Looks a setting up in the environment, then in a file.

    Args:
        env_file: A file of lines ``KEY=value``.
        environ: The environment.
        env_prefix: What every key begins with.
        encoding: Of the file.
    """

    def __init__(
        self,
        env_file: str | Path | None = None,
        environ: Mapping[str, str] = environ,
        env_prefix: str = "",
        encoding: str = "utf-8",
    ) -> None:
        self.environ = environ
        self.env_prefix = env_prefix
        self.file_values: dict[str, str] = {}
        if env_file is None:
            return
        if os.path.isfile(env_file):
            self.file_values = self._read_file(env_file, encoding)
        else:
            warnings.warn(f"Config file '{env_file}' not found.", stacklevel=2)

    @overload
    def __call__(self, key: str, *, default: None) -> str | None: ...

    @overload
    def __call__(self, key: str, cast: type[T], default: T = ...) -> T: ...

    @overload
    def __call__(self, key: str, cast: type[str] = ..., default: str = ...) -> str: ...

    @overload
    def __call__(self, key: str, cast: Callable[[Any], T] = ..., default: Any = ...) -> T: ...

    @overload
    def __call__(self, key: str, cast: type[str] = ..., default: T = ...) -> T | str: ...

    def __call__(
        self, key: str, cast: Callable[[Any], Any] | None = None, default: Any = undefined
    ) -> Any:
        return self.get(key, cast, default)

    def get(
        self, key: str, cast: Callable[[Any], Any] | None = None, default: Any = undefined
    ) -> Any:
        """The setting ``key``, made what ``cast`` says.

        Raises:
            KeyError: It is not there, and there is no default.
            ValueError: ``cast`` does not take it.
        """
        key = self.env_prefix + key
        for values in (self.environ, self.file_values):
            if key in values:
                return self._cast(key, values[key], cast)
        if default is undefined:
            raise KeyError(f"Config '{key}' is missing, and has no default.")
        return self._cast(key, default, cast)

    def _read_file(self, file_name: str | Path, encoding: str) -> dict[str, str]:
        values = {}
        for line in Path(file_name).read_text(encoding=encoding).splitlines():
            key, equals, value = line.partition("=")
            if equals and not line.lstrip().startswith("#"):
                values[key.strip()] = _unquote(value.strip())
        return values

    def _cast(self, key: str, value: Any, cast: Callable[[Any], Any] | None) -> Any:
        if cast is None or value is None:
            return value
        invalid = f"Config '{key}' has value '{value}'. Not a valid {cast.__name__}."
        if cast is bool and isinstance(value, str):
            if value.lower() not in _BOOLEANS:
                raise ValueError(invalid)
            return _BOOLEANS[value.lower()]
        try:
            return cast(value)
        except (TypeError, ValueError) as error:
            raise ValueError(invalid) from error


def _unquote(value: str) -> str:
    is_quoted = len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'"
    return value[1:-1] if is_quoted else value
