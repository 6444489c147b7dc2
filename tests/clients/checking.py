"""Runs the checks of a script in a client's own environment: prints what became of each as JSON."""

import json
import sys
import traceback


class Endpoint:
    """What a check asks: address, token, rows and the answers that the models themselves give in the notebook."""

    def __init__(self, told):
        self.url, self.token = told["url"], told["token"]
        self.host, _, self.port = self.url.removeprefix("http://").partition(":")
        self.name, self.model = told["name"], told["model"]
        self.names, self.rows = told["names"], told["rows"]
        self.labels, self.proba = told["labels"], told["proba"]

    @property
    def bearer(self):
        """Headers with the token, new ones each time: clients write into them."""
        return {"Authorization": f"Bearer {self.token}"}


def main(checks):
    """Carry out the functions named ``check_...``; each gets the endpoints by name."""
    told = json.loads(sys.stdin.read())
    endpoints = {name: Endpoint(each) for name, each in told.items()}
    found = {}
    for name, check in checks.items():
        if name.startswith("check_"):
            try:
                check(**endpoints)
                found[name] = ""
            except Exception:  # noqa: BLE001 - told
                found[name] = traceback.format_exc()
    print(json.dumps(found))


def refused(call, kind, *words):
    """Return the error that a call must raise; its text holds all the words."""
    try:
        call()
    except kind as error:
        missing = [word for word in words if word not in str(error)]
        assert not missing, f"{missing} not in {error}"
        return error
    raise AssertionError("it was not refused")
