"""Tuning that shares the work: one fit answers for every candidate whose model it contains.

A grid's candidates differ in few parameters, and for many of these one model holds the others: a forest of 300 trees
holds the one of 100, a path of penalties every penalty on it, the ten nearest neighbours the three nearest. A
*sharer* (:mod:`.base`) knows this for one kind of estimator; :mod:`.evaluating` hands it the candidates that it
can share and gives all others to scikit-learn; :mod:`.search` is the drop-in for ``GridSearchCV``.
"""
