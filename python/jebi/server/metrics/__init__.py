"""Figures for Prometheus, summed over the workers."""
