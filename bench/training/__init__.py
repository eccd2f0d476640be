"""What the profile of a published build is taken from: every kind of request, really served."""
