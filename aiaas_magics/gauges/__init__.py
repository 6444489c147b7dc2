"""What an endpoint counts: mapped files, written by its workers off the request path, read by anybody at any moment.

No process asks another: a worker that is killed leaves its counts, one that comes back goes on with them, and whoever
reads adds up the workers' files. Nothing of a request is in them but counts, save for ``samples``, which can be
switched off.
"""
