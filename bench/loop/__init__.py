"""Event loops side by side: ``make bench-loop``."""
