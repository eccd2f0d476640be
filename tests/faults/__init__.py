"""Load and faults: what a server must stand without growing, stalling or losing anybody.

One script a file. Each starts real servers, does something unkind to them and returns rows: what
was looked at, the bound, what was measured. ``python -m tests.faults`` runs them all.
"""
