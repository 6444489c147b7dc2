"""A server in a folder: which of our files it carries, what it needs installed, and the texts around it.

Adding a way to serve elsewhere: its name in ``SERVERS`` of ``specs/exporting.py``, and what :func:`.texts.around` writes where
``result.format`` is that name. The server and the model beside the texts are the same for all.
"""
