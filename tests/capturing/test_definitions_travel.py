"""Classes and functions of cells as the text of a module: whole, in order, or refused."""

import sys
import types

import numpy as np
import pytest

from aiaas_magics import errors
from aiaas_magics.capturing.definitions import is_library, is_own
from aiaas_magics.capturing.modules import Module, literal


def text_of(value):
    module = Module()
    module.add(value)
    return module.text()


def run(text):
    made = sys.modules["made"] = types.ModuleType("made")
    exec(compile(text, "made", "exec"), vars(made))
    return made


def test_a_function_brings_what_it_uses(cells):
    it = cells(
        "import math as m\nfrom collections import OrderedDict as Ordered\nLIMIT = 3\nNAMES = ['a', ('b', None)]",
        "def helper(x):\n    return m.floor(x) + LIMIT",
        "def it(x):\n    unused = Ordered(a=1)\n    return helper(x), NAMES, len(unused), np.abs(-x)",
    )
    assert run(text_of(it)).it(2.5) == it(2.5) == (5, ["a", ("b", None)], 1, 2.5)


def test_a_class_brings_its_bases_and_helpers(cells):
    it = cells(
        "class Base(BaseEstimator):\n    kind = 'base'\n    def fit(self, X, y=None):\n        return self",
        "def twice(x):\n    return 2 * x",
        "class it(Base):\n    def __init__(self, by=2):\n        self.by = by\n"
        "    def predict(self, X):\n        return twice(X) * self.by",
    )
    made = run(text_of(it))
    assert made.it(3).fit(None).predict(1) == 6
    assert (made.it.kind, [c.__name__ for c in made.it.__mro__[:2]]) == ("base", ["it", "Base"])


def test_a_class_without_methods_is_found(cells, monkeypatch):
    base = "class Base:\n    def f(self):\n        return 1"
    it = cells(base, "class it(Base):\n    '''No method.'''\n    x = 1")
    main = types.ModuleType("__main__")
    vars(main).update(Base=it.__mro__[1], it=it)
    monkeypatch.setitem(
        sys.modules, "__main__", main
    )  # in a kernel the cells' names are this module's
    assert run(text_of(it)).it().f() == 1


def test_decorators_defaults_and_class_bodies_come_after_what_they_need(cells):
    it = cells(
        "def zed(f):\n    return f\nSIZE = 4\ndef aid():\n    return it",
        "@zed\ndef it(x=SIZE, *, f=zed):\n    return aid().__name__, x",
    )
    assert run(text_of(it)).it() == ("it", 4)


def test_functions_that_call_each_other_travel_together(cells):
    it = cells(
        "def odd(n):\n    return n and it(n - 1)\ndef it(n):\n    return not n or odd(n - 1)"
    )
    assert run(text_of(it)).it(4) is True


def test_other_names_of_a_definition_are_kept(cells):
    it = cells("def f(x):\n    return x + 1\ng = f\ndef it(x):\n    return g(f(x))")
    assert run(text_of(it)).it(0) == 2


def test_names_that_are_local_are_not_looked_for(cells):
    it = cells(
        "table = np.zeros((2, 2))\ndef it(table):\n    np_ = [table for table in table]\n    return np_"
    )
    assert "zeros" not in text_of(it)
    assert run(text_of(it)).it([1]) == [1]


def test_dataclasses_and_wrapped_functions_travel(cells):
    it = cells(
        "from dataclasses import dataclass\nfrom functools import lru_cache",
        "@dataclass\nclass Pair:\n    a: int = 1\n    def total(self):\n        return self.a + 1",
        "@lru_cache\ndef it():\n    return Pair(2).total()",
    )
    assert run(text_of(it)).it() == 3


def test_the_older_of_two_definitions_is_taken_where_it_is_meant(cells):
    old = cells("class it:\n    def f(self):\n        return 'old'")
    new = cells("class it:\n    def f(self):\n        return 'new'")
    assert run(text_of(old)).it().f() == "old"
    assert run(text_of(new)).it().f() == "new"


def test_a_function_of_a_file_beside_the_notebook_travels(cells, tmp_path, monkeypatch):
    (tmp_path / "mine_beside.py").write_text("K = 2\ndef scaled(x):\n    return x * K\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    it = cells("from mine_beside import scaled\ndef it(x):\n    return scaled(x)")
    assert run(text_of(it)).it(2) == 4
    with pytest.raises(
        errors.UsageError, match="uses the module 'mine_beside', a file of your own"
    ):
        text_of(cells("import mine_beside\ndef it(x):\n    return mine_beside.scaled(x)"))


def test_equal_cells_give_equal_modules(cells):
    code = "A = {'b': 1}\ndef f():\n    return A\ndef it():\n    return f(), np.pi"
    assert text_of(cells(code)) == text_of(cells("x = 1", code))


@pytest.mark.parametrize(
    ("code", "what"),
    [
        ("it = lambda x: x", "a lambda cannot be sent"),
        ("def make(k):\n    def inner(x):\n        return x + k\n    return inner\nit = make(1)", "inner is defined inside a function"),
        ("def make():\n    class Inner:\n        def f(self):\n            return 1\n    return Inner\nit = make()", "Inner is defined inside a function"),
        ("rng = np.random.default_rng()\ndef it():\n    return rng.random()", "it uses 'rng', which cannot be sent"),
        ("big = np.zeros(3)\ndef it():\n    return big", "it uses 'big', which cannot be sent"),
        ("def it():\n    display(1)", "it uses 'display', which cannot be sent"),
        ("it = type('Made', (), {})", "the definition of Made is not found"),
        ("exec('def it():\\n    return 1')", "the definition of it is not found"),
        ("class A:\n    def f(self):\n        return B\nclass B(A):\n    def f(self):\n        return 1\n"
         "old = A\nclass A:\n    def f(self):\n        return 2\ndef it():\n    return old, A, B", "'A' stands for two things"),
    ],
)  # fmt: skip
def test_what_cannot_be_sent_is_told(cells, code, what):
    with pytest.raises(errors.UsageError, match=what) as caught:
        text_of(cells(code))
    assert len(caught.value.lines()) == 3


@pytest.mark.parametrize(
    "value",
    [1, -2.5, True, None, "a\n'b'", b"x", 1j, [1, [2]], (1,), (), {"a": [1]}, {1, 2}, frozenset({1}), float("inf")],
)  # fmt: skip
def test_plain_values_are_written_as_python_reads_them(value):
    assert eval(literal(value)) == value


def test_values_that_are_not_plain_are_not_written():
    assert literal(np.float64(2.0)) == "2.0"
    assert [literal(v) for v in (object(), [object()], {"a": object()}, np.zeros(2))] == [None] * 4


def test_what_is_installed_is_told_from_what_is_the_user_s_own(cells):
    assert all(
        map(is_library, ["numpy", "sklearn.base", "json", "builtins", "aiaas_magics.errors"])
    )
    assert not is_library("__main__")
    assert is_own(cells("def it():\n    return 1"))
    assert not any(map(is_own, [np.mean, np.ndarray, len, 3]))
