"""Recipes of estimators, one file a family."""
