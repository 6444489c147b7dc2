"""An endpoint watched in a notebook: real processes count, and what they counted is told."""

import os
import signal
import time

import numpy as np
import pandas as pd
import psutil
import pytest

from aiaas_magics.gauges.counters import merged
from aiaas_magics.serving import client

pytestmark = pytest.mark.timeout(120)


def table(rows, seed, shift=0.0):
    rng = np.random.default_rng(seed)
    x = rng.normal(shift, size=rows)
    frame = pd.DataFrame({"x": x, "town": rng.choice(["Graz", "Linz"], rows)})
    return frame.assign(id=[f"c{i}" for i in range(rows)], y=np.where(x > 0, "yes", "no"))


@pytest.fixture(scope="module")
def watched(notebook):
    """A notebook with the endpoint ``api``, asked about rows that have moved."""
    notebook.names |= {"learned": table(600, 1).drop(columns="id"), "asked": table(300, 2, 1.0)}
    notebook.run("%aiaas_train learned --target y --algo logistic_regression --as clf")
    notebook.run("%aiaas_deploy clf --as api --workers 2")
    notebook.run("%aiaas_predict api asked")
    return notebook


def test_what_was_answered_is_told_with_its_drift(watched):
    found = watched.run("m = %aiaas_monitor api\nm")
    assert found.drifted == ("x",)
    assert {alert.name for alert in found.alerts} >= {"drift:x", "drift:its prediction"}
    assert found.versions["rows"].tolist() == [300]
    assert found.drift.set_index("name").loc["x", "rows"] == 300


def test_alerts_are_events_of_the_endpoint(watched):
    backend = watched.run("import aiaas_magics\naiaas_magics.session.current().backend")
    watched.run("%aiaas_monitor api")
    told = [e.body for e in backend.events("endpoint:api") if e.type == "alert"]
    assert [body["on"] for body in told if body["name"] == "drift:x"] == [True]
    assert "has drifted" in told[0]["text"]


def test_labels_find_their_rows_by_key(watched):
    info = watched.run("aiaas_magics.session.current().endpoint('api')")
    rows = table(40, 3)
    for row in rows.to_dict("records"):
        ask(info, row, row["id"])
    watched.names["outcomes"] = rows[["id", "y"]].iloc[::-1]
    found = watched.run("m = %aiaas_monitor api --labels outcomes --key id\nm")
    assert found.result.labelled == "40 of 40 labels found their rows"
    assert found.scores["clf@1"]["accuracy"] > 0.85


def ask(info, row, key):
    import http.client
    import json

    connection = http.client.HTTPConnection("127.0.0.1", info.port, timeout=30)
    body = json.dumps({"X_test": [{"x": row["x"], "town": row["town"]}], "proba": True})
    headers = {
        "Authorization": f"Bearer {info.token}", "Content-Type": "application/json", "x-aiaas-key": key,
    }  # fmt: skip
    connection.request("POST", "/predict", body, headers)
    reply = connection.getresponse()
    assert reply.status == 200, reply.read()
    connection.close()


def test_a_killed_worker_leaves_its_counts_and_the_next_goes_on(watched):
    info = watched.run("aiaas_magics.session.current().endpoint('api')")
    folder = watched.home / "endpoints" / "api"
    before = settled(folder, 0)
    workers = psutil.Process(info.pid).children()
    for worker in workers:
        os.kill(worker.pid, signal.SIGKILL)
    rows = [{"x": 0.5, "town": "Graz"}]
    end = time.monotonic() + 60
    while True:
        try:
            client.predict(info.url, info.token, rows)
            break
        except Exception:  # noqa: BLE001 - until a worker is back
            assert time.monotonic() < end
            time.sleep(0.1)
    assert settled(folder, before + 1) >= before + 1


def settled(folder, least):
    """Return how many requests were counted, once there are as many as asked for."""
    end = time.monotonic() + 20
    while (count := merged(folder).of("clf@1").requests) < least:
        assert time.monotonic() < end
        time.sleep(0.02)
    return count


def test_a_report_is_written(watched):
    watched.run("%aiaas_monitor api --report look.html")
    page = (watched.folder / "look.html").read_text()
    assert page.count("<img") >= 2
    assert "http" not in page.replace("http-equiv", "")
