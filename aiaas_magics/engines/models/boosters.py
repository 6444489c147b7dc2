"""LightGBM's models as text: cut down to what predicting needs, and read before the library reads them.

Its predictor follows the numbers in the text without looking where they lead, as scikit-learn's does with
the arrays of a tree. Format: LightGBM's ``Tree::ToString`` and ``GBDT::SaveModelToString``, version v4.
"""

from __future__ import annotations

import re
from typing import Any

from aiaas_magics import errors

HEAD = ("num_class", "num_tree_per_iteration", "label_index", "max_feature_idx", "objective", "feature_names", "feature_infos")  # fmt: skip
WHOLE = {
    "split_feature",
    "decision_type",
    "left_child",
    "right_child",
    "internal_count",
    "leaf_count",
}
NODES = ("split_feature", "split_gain", "threshold", "decision_type", "left_child", "right_child", "internal_value", "internal_weight", "internal_count")  # fmt: skip
LEAVES = ("leaf_value", "leaf_weight", "leaf_count")
ALONE = ("num_leaves", "num_cat", "is_linear", "shrinkage")
INT = re.compile(r"-?[0-9]{1,9}")
FLOAT = re.compile(r"-?(?:[0-9]+(?:\.[0-9]+)?(?:e[-+]?[0-9]+)?|inf|nan)")
OBJECTIVE = re.compile(r"[a-z_0-9]+(?: (?:sigmoid|num_class|alpha):[-+.e0-9]+)*")
END = "end of trees"


def plain(text: str) -> str:
    """Return a model without its parameters, importances and sizes in bytes.

    The sizes say where each tree begins: the reader believes them, and finds the trees without them.
    """
    head = text.partition(f"\n{END}")[0].splitlines()
    lines = (line for line in head if not line.startswith("tree_sizes="))
    return "\n".join([*lines, "", END, ""])


def check(text: str, width: int, outputs: int) -> None:
    """Check that a model asks for columns there are, leads to its own later nodes and gives `outputs` numbers.

    Raises
    ------
    SealError
        If it does not, or holds anything `plain` would not have left in it.
    """
    try:
        _check(text, width, outputs)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise errors.SealError(
            "the model is not opened", "one of its trees leads nowhere", "train it again"
        ) from error


def _check(text: str, width: int, outputs: int) -> None:
    if not text.replace("\n", "").isprintable():
        raise ValueError("not plain text")
    first, *blocks = re.split(r"\n\n+", text.rstrip("\n"))
    if blocks.pop() != END:
        raise ValueError(END)
    kind, version, *lines = first.split("\n")
    head = _pairs(lines)
    if (kind, version) != ("tree", "version=v4") or not set(head) <= set(HEAD):
        raise ValueError(first)
    counts = [_int(head[name]) for name in ("num_class", "num_tree_per_iteration")]
    columns = [len(head[name].split(" ")) for name in ("feature_names", "feature_infos")]
    if counts != [outputs, outputs] or columns != [width, width]:
        raise ValueError(counts)
    if _int(head["max_feature_idx"]) != width - 1 or not OBJECTIVE.fullmatch(head["objective"]):
        raise ValueError(head)
    if _int(head["label_index"]) != 0 or not blocks or len(blocks) % outputs:
        raise ValueError(len(blocks))
    for place, block in enumerate(blocks):
        title, *rows = block.split("\n")
        if title != f"Tree={place}":
            raise ValueError(title)
        _check_tree(_pairs(rows), width)


def _check_tree(tree: dict[str, str], width: int) -> None:
    leaves = _int(tree["num_leaves"])
    if leaves < 1 or not set(tree) <= {*NODES, *LEAVES, *ALONE}:
        raise ValueError(sorted(tree))
    if _int(tree["num_cat"]) or _int(tree["is_linear"]):
        raise ValueError("a kind of tree that is not grown here")
    found = {name: _numbers(tree, name, leaves - 1) for name in NODES}
    found |= {name: _numbers(tree, name, leaves) for name in LEAVES}
    _float(tree["shrinkage"])
    sound = (
        all(0 <= feature < width for feature in found["split_feature"])
        and all(0 <= kind < 16 and not kind & 1 for kind in found["decision_type"])
        and all(
            at < child < leaves - 1 if child >= 0 else ~child < leaves
            for side in ("left_child", "right_child")
            for at, child in enumerate(found[side])
        )
    )
    if not sound:
        raise ValueError("a node leads nowhere")


def _pairs(lines: list[str]) -> dict[str, str]:
    found = dict(line.split("=", 1) for line in lines)
    if len(found) != len(lines):
        raise ValueError("said twice")
    return found


def _numbers(tree: dict[str, str], name: str, count: int) -> list[Any]:
    """Return the numbers of a row; a tree that is one leaf may lack those of its nodes."""
    words = tree.get(name, "").split(" ") if tree.get(name) else []
    if len(words) != count and not (tree["num_leaves"] == "1" and name != "leaf_value"):
        raise ValueError(name)
    return [_int(word) if name in WHOLE else _float(word) for word in words]


def _int(word: str) -> int:
    """Return a number that every reader reads alike: Python's takes underscores and other scripts' digits."""
    if not INT.fullmatch(word):
        raise ValueError(word)
    return int(word)


def _float(word: str) -> float:
    if not FLOAT.fullmatch(word):
        raise ValueError(word)
    return float(word)
