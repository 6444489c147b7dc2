"""Lines that ask for what cannot be: refused in three lines, in every place of the grammar."""

import pytest

TRAIN = "%aiaas_train flowers --target species --algo random_forest --as m n_estimators=3 "
TUNE = "%aiaas_tune flowers --target species --algo random_forest --as m n_estimators=[3,5] "

REFUSED = {
    # words
    f"{TRAIN} --sed 1": "did you mean '--seed'",
    f"{TRAIN} --seed x": "is not a whole number",
    f"{TRAIN} --seed -1": "seed",
    f"{TRAIN} --seed {10**30}": "seed",
    f"{TRAIN} --seed 1.5": "is not a whole number",
    f"{TRAIN} --seed": "needs a value",
    f"{TRAIN} --seed 1 --seed 2": "twice",
    f"{TRAIN} --target species": "twice",
    f"{TRAIN} --test 1.0": "test",
    f"{TRAIN} --test -0.1": "test",
    f"{TRAIN} --test 20%": "is not a number",
    f"{TRAIN} --test nan": "is not a number",
    f"{TRAIN} --task clustering": "task",
    f"{TRAIN} --task regression": "classification",
    f"{TRAIN} --memory lots": "is not a size",
    f"{TRAIN} --timeout -1": "is not a duration",
    f"{TRAIN} extra": "one word too many",
    f"{TRAIN} --unknown": "no option --unknown",
    f"{TRAIN} --max_depth 3": "max_depth=...",
    f"{TRAIN} max_dpth=3": "'max_depth'",
    f"{TRAIN} max_depth='10'": "max_depth",
    f"{TRAIN} max_depth=-1": "max_depth",
    f"{TRAIN} max_depth=1e400": "max_depth",
    f"{TRAIN} max_depth=[1,2]": "max_depth",
    f"{TRAIN} max_depth={{'a':1}}": "max_depth",
    f"{TRAIN} max_depth=__import__('os')": "no Python literal",
    f"{TRAIN} criterion=ginny": "gini",
    f"{TRAIN} class_weight={{'setosa':-1}}": "",
    "%aiaas_train flowers --target species": "needs --algo",
    "%aiaas_train --target species --algo ridge": "needs DATA",
    "%aiaas_train flowers --algo ridge": "needs --target",
    "%aiaas_train flowers --target species --algo random_forrest": "'random_forest'",
    "%aiaas_train flowers --target specis --algo ridge": "'species'",
    "%aiaas_train flower --target species --algo ridge": "'flowers'",
    "%aiaas_train clf --target species --algo ridge": "clf",
    "%aiaas_train flowers@9 --target species --algo ridge": "flowers",
    "%aiaas_train flowers@best --target species --algo ridge": "flowers",
    # tuning
    f"{TUNE} --cv 1": "cv",
    f"{TUNE} --cv 0": "cv",
    f"{TUNE} --cv 60": "--cv",
    f"{TUNE} --cv x": "is not a whole number",
    f"{TUNE} --metric rmse": "accuracy",
    f"{TUNE} --metric acuracy": "'accuracy'",
    f"{TUNE} max_depth=[]": "max_depth=[...]",
    f"{TUNE} max_depth=[1,'x']": "max_depth",
    # names
    "%aiaas_data load iris --as ../x": "cannot be a name",
    "%aiaas_data load iris --as /etc/passwd": "cannot be a name",
    "%aiaas_data load iris --as a@b": "cannot be a name",
    "%aiaas_data load iris --as <script>": "cannot be a name",
    '%aiaas_data load iris --as "a b"': "cannot be a name",
    f"%aiaas_data load iris --as {'x' * 300}": "63 at most",
    "%aiaas_data load iris --as clf": "taken",
    "%aiaas_data load iris --as FLOWERS": "taken",
    f"{TRAIN.replace('--as m', '--as flowers')}": "taken",
    "%aiaas_data load {undefined_name} --as t": "raised NameError",
    "%aiaas_data load {1/0} --as t": "raised ZeroDivisionError",
    "%aiaas_data load {open} --as t": "is no table",
    "%aiaas_data load var:nothing --as t": "no variable 'nothing'",
    "%aiaas_data load": "needs SOURCE",
    "%aiaas_data lod iris": "'load'",
    "%aiaas_data show nothing": "nothing",
    "%aiaas_data show ../../etc/passwd": "",
    "%aiaas_data delete nothing": "nothing",
    "%aiaas_data save flowers /nowhere/x.csv": "there is no folder /nowhere",
    "%aiaas_data save flowers x.exe": "neither .csv nor .parquet",
    "%aiaas_data load iris --sep ;": "this source is no file",
    # quoting
    "%aiaas_train 'flowers --target species": "is missing",
    f"{TRAIN} max_depth=[1": "is missing",
    f"{TRAIN} max_depth={'[' * 5000}{']' * 5000}": "",
    f"{TRAIN} max_depth={'9' * 5000}": "",
    "%aiaas_data load {" + "(" * 3000 + ")" * 3000 + "} --as t": "",
    # bodies
    f"%{TRAIN}\n[1]": "no dict of parameters",
    f"%{TRAIN}\n{{'max_depth': open('executed', 'w')}}": "no dict of parameters",
    f"%{TRAIN}\n{{'max_depth': 3": "no dict of parameters",
    f"%{TRAIN}\n{{1: 2}}": "no dict of parameters",
    f"%{TRAIN}\n{'(' * 5000}": "no dict of parameters",
    "%%aiaas_data load iris\n{}": "takes no cell body",
    # other stages
    "%aiaas_evaluate nothing": "nothing",
    "%aiaas_evaluate clf nothing": "nothing",
    "%aiaas_deploy nothing": "nothing",
    "%aiaas_deploy clf --port 99999": "65535",
    "%aiaas_deploy clf --port -1": "",
    "%aiaas_deploy clf --workers 0": "--workers 1",
    "%aiaas_predict nothing flowers": "nothing",
    "%aiaas_prepare flowers --as p": "",
    "%aiaas_prepare flowers --drop nothing --as p": "",
    "%aiaas_prepare flowers --drop * --as p": "leave no column",
    "%aiaas_models show clf@0": "clf@1",
    "%aiaas_jobs logs nothing": "nothing",
    "%aiaas_trian flowers": "%aiaas_train",
}


@pytest.mark.parametrize(
    "line", REFUSED, ids=lambda line: line[:60].encode().decode("ascii", "replace")
)
def test_a_line_that_cannot_be_is_refused(desk, line):
    found, said = desk.outcome(line)
    assert (found, REFUSED[line] in said) == ("refused", True), said
    assert not (desk.folder / "executed").exists()
