"""The signer of sessions: that of itsdangerous, which does once what stays the same."""

from __future__ import annotations

import hmac

from itsdangerous import TimestampSigner
from itsdangerous.signer import HMACAlgorithm


class _OneCall(HMACAlgorithm):
    """The same signature, in one call and without objects between."""

    def get_signature(self, key: bytes, value: bytes) -> bytes:
        return hmac.digest(key, value, self.digest_method().name)


class Signer(TimestampSigner):
    """Signs and verifies as its base does, with each key derived once."""

    def __init__(self, secret_key: str) -> None:
        super().__init__(secret_key)
        self._derived: dict[str | bytes, bytes] = {}
        if type(self.algorithm) is HMACAlgorithm:
            self.algorithm = _OneCall(self.digest_method)

    def derive_key(self, secret_key: str | bytes | None = None) -> bytes:
        """The key that ``secret_key``, the newest one by default, signs with."""
        secret_key = self.secret_keys[-1] if secret_key is None else secret_key
        derived = self._derived.get(secret_key)
        if derived is None:
            derived = self._derived[secret_key] = super().derive_key(secret_key)
        return derived
