"""Models as files: kept, handed out and taken in; what may be in one, and what makes sure of it.

``artefacts`` is how a model lies on disk. ``trusted`` (with ``trustedparts``) is the one list of types that are opened,
``sound`` checks what native code would follow blindly, ``boosters`` what LightGBM would. ``foreign`` takes somebody else's
file, ``unpickle`` is the process it is opened in, ``jail`` what that process may do, ``strangers`` what is said of what came
out. ``onnx`` writes a pipeline for other runtimes.
"""
