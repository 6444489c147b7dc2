"""What people do with ``tritonclient[http]``, whose default is bytes both ways."""

import numpy as np
import tritonclient.http as http
from checking import main, refused
from tritonclient.utils import InferenceServerException


def client(at):
    return http.InferenceServerClient(f"{at.host}:{at.port}")


def tensor(array, name="X_test", datatype="FP64", *, binary=True):
    found = http.InferInput(name, list(np.shape(array)), datatype)
    found.set_data_from_numpy(np.asarray(array), binary_data=binary)
    return found


def infer(at, *tensors, **more):
    more.setdefault("model_name", at.name)
    return client(at).infer(inputs=list(tensors), headers=at.bearer, **more)


def same(result, at, rows=slice(None)):
    labels = [
        text.decode() if isinstance(text, bytes) else text
        for text in result.as_numpy("y_pred").tolist()
    ]
    assert labels == at.labels[rows]
    np.testing.assert_allclose(result.as_numpy("y_proba"), np.array(at.proba[rows]), atol=1e-6)


def columns(at):
    by_name = dict(zip(at.names, zip(*at.rows, strict=True), strict=True))
    return [
        tensor(np.array([np.nan if v is None else v for v in by_name["size"]]), "size"),
        tensor(np.array([[text] for text in by_name["größe"]], dtype=object), "größe", "BYTES"),
        tensor(np.array(by_name["when"], dtype=object), "when", "BYTES"),
        tensor(np.array(by_name["open"], dtype=bool), "open", "BOOL"),
    ]


def check_the_server_is_live_and_ready(numbers, mixed):
    assert client(numbers).is_server_live()
    assert client(numbers).is_server_ready()


def check_the_model_is_ready_and_another_is_not(numbers, mixed):
    asked = client(numbers).is_model_ready
    assert asked(numbers.name, headers=numbers.bearer)
    assert asked(numbers.model, "1", headers=numbers.bearer)
    assert not asked(numbers.name, "9", headers=numbers.bearer)
    assert not asked("other", headers=numbers.bearer)


def check_the_server_tells_of_binary_tensors(numbers, mixed):
    assert (
        "binary_tensor_data"
        in client(numbers).get_server_metadata(headers=numbers.bearer)["extensions"]
    )


def check_metadata_is_enough_to_ask(numbers, mixed):
    told = client(numbers).get_model_metadata(numbers.name, headers=numbers.bearer)
    one = told["inputs"][0]
    assert one["shape"] == [-1, len(numbers.names)]
    result = infer(numbers, tensor(np.array(numbers.rows), one["name"], one["datatype"]))
    assert [each["name"] for each in told["outputs"]] == ["y_pred", "y_proba"]
    for each in told["outputs"]:
        assert result.get_output(each["name"])["datatype"] == each["datatype"]
        assert len(result.as_numpy(each["name"]).shape) == len(each["shape"])


def check_the_index_lists_the_endpoint(numbers, mixed):
    told = client(numbers).get_model_repository_index(headers=numbers.bearer)
    assert [(each["name"], each["state"]) for each in told] == [(numbers.name, "READY")]


def check_bytes_both_ways(numbers, mixed):
    same(infer(numbers, tensor(np.array(numbers.rows))), numbers)


def check_json_both_ways(numbers, mixed):
    wanted = [http.InferRequestedOutput(name, binary_data=False) for name in ("y_pred", "y_proba")]
    same(infer(numbers, tensor(np.array(numbers.rows), binary=False), outputs=wanted), numbers)


def check_one_row_and_a_thousand(numbers, mixed):
    same(infer(numbers, tensor(np.array(numbers.rows[:1]))), numbers, slice(1))
    many = np.tile(np.array(numbers.rows), (1000 // len(numbers.rows) + 1, 1))[:1000]
    assert infer(numbers, tensor(many)).as_numpy("y_proba").shape == (1000, 3)


def check_one_tensor_a_column(numbers, mixed):
    by_name = zip(numbers.names, np.array(numbers.rows).T, strict=True)
    same(infer(numbers, *[tensor(column.copy(), name) for name, column in by_name]), numbers)


def check_texts_dates_and_gaps(numbers, mixed):
    same(infer(mixed, *columns(mixed)), mixed)


def check_only_what_is_wanted_is_answered(numbers, mixed):
    wanted = [http.InferRequestedOutput("y_pred")]
    result = infer(numbers, tensor(np.array(numbers.rows)), outputs=wanted)
    assert [each["name"] for each in result.get_response()["outputs"]] == ["y_pred"]


def check_an_id_and_a_version_are_echoed(numbers, mixed):
    result = infer(numbers, tensor(np.array(numbers.rows)), request_id="7 ä", model_version="1")
    told = result.get_response()
    assert (told["id"], told["model_name"], told["model_version"]) == ("7 ä", numbers.name, "1")


def check_requests_may_be_compressed(numbers, mixed):
    rows = tensor(np.array(numbers.rows))
    for how in ("gzip", "deflate"):
        same(
            infer(
                numbers, rows, request_compression_algorithm=how, response_compression_algorithm=how
            ),
            numbers,
        )


def check_requests_may_be_under_way_at_once(numbers, mixed):
    with http.InferenceServerClient(f"{numbers.host}:{numbers.port}", concurrency=4) as asked:
        under_way = [
            asked.async_infer(
                numbers.name, [tensor(np.array(numbers.rows[i : i + 1]))], headers=numbers.bearer
            )
            for i in range(len(numbers.rows))
        ]
        for i, each in enumerate(under_way):
            same(each.get_result(), numbers, slice(i, i + 1))


def check_a_wrong_width_is_refused(numbers, mixed):
    wrong = tensor(np.array(numbers.rows)[:, :-1].copy())
    error = refused(
        lambda: infer(numbers, wrong), InferenceServerException, "the model takes [rows, 4]"
    )
    assert error.status() == "400"


def check_a_wrong_type_is_refused(numbers, mixed):
    wrong = tensor(np.array([["a"] * 4], dtype=object), datatype="BYTES")
    refused(
        lambda: infer(numbers, wrong), InferenceServerException, "400", "the model takes numbers"
    )


def check_a_wrong_name_is_refused(numbers, mixed):
    wrong = tensor(np.array(numbers.rows), "x_test")
    refused(lambda: infer(numbers, wrong), InferenceServerException, "400", "did you mean 'X_test'")


def check_numbers_that_are_not_finite_are_refused(numbers, mixed):
    for value in (np.nan, np.inf):
        wrong = tensor(np.full((1, 4), value))
        refused(lambda wrong=wrong: infer(numbers, wrong), InferenceServerException, "400")


def check_an_unknown_version_and_model_are_not_found(numbers, mixed):
    rows = tensor(np.array(numbers.rows))
    refused(
        lambda: infer(numbers, rows, model_version="9"),
        InferenceServerException,
        "404",
        "served: 1",
    )
    refused(lambda: infer(numbers, rows, model_name="other"), InferenceServerException, "404")


def check_without_a_token_nothing_is_told(numbers, mixed):
    refused(lambda: client(numbers).get_server_metadata(), InferenceServerException, "401", "token")


if __name__ == "__main__":
    main(dict(globals()))
