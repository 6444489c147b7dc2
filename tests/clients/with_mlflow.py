"""What people do with MLflow's own scoring client; it knows no tokens, so the token is a password in the address."""

import numpy as np
import pandas as pd
from checking import main, refused
from mlflow.pyfunc.scoring_server.client import ScoringServerClient


def client(at, token=None):
    return ScoringServerClient(f"any:{token or at.token}@{at.host}", at.port)


def frame(at):
    return pd.DataFrame(at.rows, columns=at.names)


def same(response, at):
    assert response.get_predictions()[0].tolist() == at.labels


def check_it_is_there(numbers, mixed):
    client(numbers).ping()
    client(numbers).wait_server_ready(timeout=10)
    assert client(numbers).get_version().startswith("aiaas_magics ")


def check_a_data_frame(numbers, mixed):
    same(client(numbers).invoke(frame(numbers)), numbers)


def check_columns_in_another_order(numbers, mixed):
    same(client(numbers).invoke(frame(numbers)[numbers.names[::-1]]), numbers)


def check_an_array_and_a_list(numbers, mixed):
    same(client(numbers).invoke(np.array(numbers.rows)), numbers)
    same(client(numbers).invoke(numbers.rows), numbers)


def check_texts_dates_and_gaps(numbers, mixed):
    assert frame(mixed)["size"].isna().any()
    same(client(mixed).invoke(frame(mixed)), mixed)


def check_dates_of_pandas(numbers, mixed):
    same(client(mixed).invoke(frame(mixed).assign(when=lambda f: pd.to_datetime(f["when"]))), mixed)


def check_the_other_forms(numbers, mixed):
    for body in (
        {"instances": numbers.rows},
        {"dataframe_records": frame(numbers).to_dict("records")},
    ):
        same(client(numbers).invoke(pd.io.json.ujson_dumps(body)), numbers)


def check_params_bring_probabilities(numbers, mixed):
    said = client(numbers).invoke(frame(numbers), params={"proba": True})
    np.testing.assert_allclose(said["probabilities"], numbers.proba, atol=1e-6)


def check_a_wrong_width_is_refused(numbers, mixed):
    wrong = frame(numbers)[numbers.names[:-1]]
    refused(lambda: client(numbers).invoke(wrong), Exception, "400", "BAD_REQUEST", "missing")


def check_a_wrong_type_is_refused(numbers, mixed):
    wrong = frame(numbers).astype({numbers.names[0]: str})
    refused(lambda: client(numbers).invoke(wrong), Exception, "400", "is not a number")


def check_another_token_is_refused(numbers, mixed):
    refused(
        lambda: client(numbers, "wrong").invoke(frame(numbers)), Exception, "401", "UNAUTHENTICATED"
    )


if __name__ == "__main__":
    main(dict(globals()))
