"""Runs other projects' test suites, unmodified, against Jebi, and holds on to every gain."""
