"""Estimators on their way to a worker: what they are called, what goes with them, what is refused."""

import subprocess
import sys

import pytest
import skops.io

from aiaas_magics import errors
from aiaas_magics.capturing import cells as code
from aiaas_magics.capturing import estimators
from aiaas_magics.specs.estimators import module_name

MINE = (
    "class Mine(ClassifierMixin, BaseEstimator):\n    def __init__(self, k=1):\n        self.k = k\n"
    "    def fit(self, X, y):\n        self.classes_ = np.unique(y)\n        return self\n"
    "    def predict(self, X):\n        return np.repeat(self.classes_[:1], len(X))\n"
)


@pytest.mark.parametrize(
    ("made", "name", "task", "default"),
    [
        ("LogisticRegression()", "LogisticRegression", "classification", "logistic_regression"),
        ("Ridge(alpha=2).fit([[1], [2]], [1, 2])", "Ridge", "regression", "ridge"),
        ("make_pipeline(FunctionTransformer(), Ridge())", "Pipeline(Ridge)", "regression", "ridge"),
        (
            "make_pipeline(make_pipeline(Ridge()))",
            "Pipeline(Pipeline(Ridge))",
            "regression",
            "ridge",
        ),
    ],
)
def test_library_estimators_go_as_bytes_alone(cells, made, name, task, default):
    it = cells(f"it = {made}")
    found = estimators.capture(it)
    assert (found.name, found.task, found.source) == (name, task, "")
    assert estimators.default_name(it) == default
    again = skops.io.loads(found.body, trusted=[])
    assert repr(again) == repr(it)
    assert not hasattr(again, "coef_")  # as it was before it was fitted


def test_a_class_of_a_cell_goes_with_its_text(cells):
    it = cells(MINE + "it = Mine(k=5)")
    found = estimators.capture(it)
    name = module_name(found.source)
    assert skops.io.get_untrusted_types(data=found.body) == [f"{name}.Mine"]
    assert "np.repeat" in found.source
    assert type(it).__module__ == "__main__"  # in the notebook it is what it was


def test_functions_and_classes_deep_inside_are_found(cells):
    found = estimators.capture(
        cells(
            MINE + "from functools import partial\nfrom sklearn.ensemble import VotingClassifier\n"
            "def add(X, by):\n    return X + by\n"
            "it = VotingClassifier([('a', make_pipeline(FunctionTransformer(partial(add, by=1)), Mine()))])"
        )
    )
    name = module_name(found.source)
    assert {f"{name}.Mine", f"{name}.add"} <= set(skops.io.get_untrusted_types(data=found.body))


@pytest.mark.parametrize(
    ("made", "what"),
    [
        ("'pipe'", "'pipe' is text"),
        ("Ridge", "Ridge is a class"),
        ("3", "int is no scikit-learn estimator: it has no fit"),
        ("type('Bare', (), {'fit': 1, 'predict': 1})()", "it has no get_params, set_params, __sklearn_tags__"),
        ("FunctionTransformer()", "FunctionTransformer is no scikit-learn estimator: it has no predict"),
        ("__import__('sklearn.cluster').cluster.KMeans()", "KMeans is neither a classifier nor a regressor"),
        ("make_pipeline(FunctionTransformer(lambda x: x), Ridge())", "a lambda cannot be sent"),
    ],
)  # fmt: skip
def test_what_is_no_estimator_is_told(cells, made, what):
    with pytest.raises(errors.UsageError, match=what):
        estimators.capture(cells(f"it = {made}"))


def test_a_constructor_that_does_more_than_store_is_told(cells):
    code = MINE.replace("self.k = k", "self.k = list([k])") + "it = Mine()"
    with pytest.raises(errors.UsageError, match="Mine cannot be made anew from its parameters"):
        estimators.capture(cells(code))


def test_a_method_as_a_parameter_is_told(cells):
    code = MINE + "mine = Mine()\nit = make_pipeline(FunctionTransformer(mine.predict), Ridge())"
    with pytest.raises(errors.UsageError, match=r"the method Mine\.predict cannot be sent"):
        estimators.capture(cells(code))


# code for df -------------------------------------------------------------------------------------
def test_text_and_functions_are_code_for_df(cells):
    assert code.code_of("\n  df['a'] = 1\n  df['b'] = 2\n") == "\ndf['a'] = 1\ndf['b'] = 2"
    it = cells("K = 2\ndef it(table):\n    return table.assign(b=table['a'] * K)")
    names = {"df": __import__("pandas").DataFrame({"a": [1]})}
    exec(code.code_of(it), names)
    assert names["df"]["b"].tolist() == [2]


@pytest.mark.parametrize(
    ("word", "what", "hint"),
    [
        ("df['a'] = = 2", "invalid syntax", "line 1: df['a'] = = 2"),
        ("x = 1\nif df:\ny = 2", "expected an indented block", "line 3: y = 2"),
        ("return df", "'return' outside function", "line 1: return df"),
        ("%matplotlib inline\ndf = 1", "invalid syntax", "line 1: %matplotlib inline"),
        ("x = 1", "does nothing with df", "df is the table"),
        (3, "int is no code", "text that works on df"),
    ],
)
def test_what_is_no_code_for_df_is_told(word, what, hint):
    with pytest.raises(errors.UsageError, match=what) as caught:
        code.code_of(word)
    assert caught.value.hint.startswith(hint)


def test_reading_code_imports_no_library():
    script = (
        "import sys; from aiaas_magics.capturing import cells, estimators; cells.code_of('df = df[df.a > 1]');"
        "print(sorted({'pandas', 'sklearn', 'skops', 'numpy'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
