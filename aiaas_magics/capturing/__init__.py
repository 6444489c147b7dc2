"""What of the notebook's own Python travels to workers, and how: read here, run there.

Code for ``df`` goes as text. Estimators go as skops bytes; classes and functions defined in cells go as the text
of a module that is made of them. No code of a cell is run on the way.
"""
