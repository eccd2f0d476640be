"""Jebi beside its peers: the same answers, one core, one interleaved run."""
