"""What people do with the SDK of KServe: its REST client, JSON and bytes."""

import asyncio

import httpx
import numpy as np
from checking import main, refused
from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig
from kserve.protocol.infer_type import RequestedOutput


def ask(at, what, *words, **more):
    async def run():
        client = InferenceRESTClient(RESTConfig(protocol="v2", retries=0))
        async with client:
            return await getattr(client, what)(at.url, *words, **more)

    return asyncio.run(run())


def infer(at, *inputs, name=None, **more):
    request = InferRequest(name or at.name, list(inputs), **more)
    return ask(at, "infer", request, model_name=name or at.name, headers=at.bearer)


def tensor(array, name="X_test", datatype="FP64", *, binary=False):
    found = InferInput(name, list(np.shape(array)), datatype)
    found.set_data_from_numpy(np.asarray(array), binary_data=binary)
    return found


def same(response, at, rows=slice(None)):
    outputs = {each.name: each for each in response.outputs}
    labels = [
        str(v, "utf-8") if isinstance(v, bytes) else v
        for v in outputs["y_pred"].as_numpy().tolist()
    ]
    assert labels == at.labels[rows]
    np.testing.assert_allclose(outputs["y_proba"].as_numpy(), np.array(at.proba[rows]), atol=1e-6)


def check_the_server_is_live_and_ready(numbers, mixed):
    assert ask(numbers, "is_server_live") is True
    assert ask(numbers, "is_server_ready") is True


def check_the_model_is_ready_and_another_is_not(numbers, mixed):
    assert ask(numbers, "is_model_ready", numbers.name, headers=numbers.bearer)
    assert ask(numbers, "is_model_ready", numbers.model, headers=numbers.bearer)
    assert not ask(numbers, "is_model_ready", "other", headers=numbers.bearer)


def check_json(numbers, mixed):
    same(infer(numbers, tensor(np.array(numbers.rows))), numbers)


def check_bytes(numbers, mixed):
    same(infer(numbers, tensor(np.array(numbers.rows), binary=True)), numbers)


def check_bytes_are_answered_where_wanted(numbers, mixed):
    wanted = [RequestedOutput(name, {"binary_data": True}) for name in ("y_pred", "y_proba")]
    same(infer(numbers, tensor(np.array(numbers.rows)), request_outputs=wanted), numbers)


def check_texts_dates_and_gaps(numbers, mixed):
    by_name = dict(zip(mixed.names, zip(*mixed.rows, strict=True), strict=True))
    inputs = [
        InferInput("size", [len(mixed.rows), 1], "FP64", data=list(by_name["size"])),
        InferInput("größe", [len(mixed.rows), 1], "BYTES", data=list(by_name["größe"])),
        InferInput("when", [len(mixed.rows)], "BYTES", data=list(by_name["when"])),
        InferInput("open", [len(mixed.rows)], "BOOL", data=list(by_name["open"])),
    ]
    same(infer(mixed, *inputs), mixed)


def check_an_id_and_a_model_are_echoed(numbers, mixed):
    response = infer(numbers, tensor(np.array(numbers.rows)), request_id="7 ä")
    assert (response.id, response.model_name) == ("7 ä", numbers.name)


def check_one_row_and_a_thousand(numbers, mixed):
    same(infer(numbers, tensor(np.array(numbers.rows[:1]))), numbers, slice(1))
    many = np.tile(np.array(numbers.rows), (1000 // len(numbers.rows) + 1, 1))[:1000]
    for binary in (True, False):
        assert infer(numbers, tensor(many, binary=binary)).outputs[1].shape == [1000, 3]


def check_a_wrong_width_is_refused(numbers, mixed):
    wrong = tensor(np.array(numbers.rows)[:, :-1].copy())
    refused(
        lambda: infer(numbers, wrong), httpx.HTTPStatusError, "400", "the model takes [rows, 4]"
    )


def check_a_wrong_type_is_refused(numbers, mixed):
    wrong = InferInput("X_test", [1, 4], "FP64", data=["a", 1.0, 1.0, 1.0])
    refused(lambda: infer(numbers, wrong), httpx.HTTPStatusError, "400", "is not a number")


def check_an_unknown_model_is_not_found(numbers, mixed):
    rows = tensor(np.array(numbers.rows))
    refused(lambda: infer(numbers, rows, name="other"), httpx.HTTPStatusError, "404")


def check_without_a_token_nothing_is_told(numbers, mixed):
    refused(
        lambda: ask(numbers, "infer", {}, model_name=numbers.name), httpx.HTTPStatusError, "401"
    )


if __name__ == "__main__":
    main(dict(globals()))
