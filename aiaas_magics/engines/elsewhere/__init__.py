"""A server in a folder: which of our files it carries, what it needs installed, and the texts around it.

Adding a way to serve elsewhere: a function in `WRITERS` of :mod:`aiaas_magics.engines.export_server` and its name in ``SERVERS`` of
``specs/exporting.py``; what it writes besides the server stands in :mod:`.texts`.
"""
