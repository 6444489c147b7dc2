"""``aiaas demo``: the main job in a terminal, each step with the magic line that does it."""

from __future__ import annotations

import json
import shutil
import signal
import tempfile
import textwrap
import time
import urllib.request
from pathlib import Path

from aiaas_magics import session
from aiaas_magics.cards.style import measure
from aiaas_magics.handles import Endpoint, Evaluation, Handle, Model, Prediction
from aiaas_magics.magics import grammar
from aiaas_magics.specs import verb
from aiaas_magics.specs.manage import StopEndpoint
from aiaas_magics.specs.records import EndpointInfo
from aiaas_magics.widgets.terminal import TerminalProgress

WIDTH = 80
GAPS = 100
"""Every hundredth row gets a missing value, so that --dropna has something to drop."""


class Story:
    """Tells the steps and carries them out."""

    def __init__(self, folder: Path) -> None:
        self._session, self._folder, self._step = session.current(), folder, 0
        self._session.stops = False
        self._begun = time.monotonic()
        self._served = self._running()

    def chapter(self, title: str, text: str = "") -> None:
        """Begin a step."""
        self._step += 1
        print(f"\n{self._step} {title}")
        for line in textwrap.wrap(text, WIDTH - 2):
            print(f"  {line}")

    def line(self, name: str, line: str) -> Handle:
        """Show a magic line, carry it out, show its one-line answer."""
        shown = " ".join(f"%aiaas_{name} {line}".split()).replace(f"{self._folder}/", "")
        pieces = textwrap.wrap(
            shown,
            WIDTH - 4,
            subsequent_indent="      ",
            break_long_words=False,
            break_on_hyphens=False,
        )
        print("\n    " + "\n    ".join(pieces))
        call = grammar.parse(verb(name), line)
        handle = self._session.run(call.verb, call.action, call.values, call.parameters)
        print(f"  {handle!r}")
        return handle

    def seconds(self) -> float:
        """Return how long the story has taken."""
        return time.monotonic() - self._begun

    def serves(self, name: str) -> bool:
        """Tell whether an endpoint of that name ran before the story began."""
        return name in self._served

    def end(self) -> None:
        """End what the story began; what ran in the home before goes on."""
        begun = set(self._session.submitted)
        ours = [job for job in self._session.jobs() if job.id in begun]
        for job in ours:
            self._session.backend.cancel(job.id)
        deployed = {job.about for job in ours if job.verb == "deploy"}
        for name in deployed & self._running() - self._served:
            self._session.backend.apply(StopEndpoint(endpoint=name))

    def _running(self) -> set[str]:
        found = self._session.backend.query("endpoints", {"state": "READY"})
        return {info.name for info in found if isinstance(info, EndpointInfo)}


def demo(*, keep: bool = False, home: str | None = None) -> int:
    """Tell the story; nothing stays behind unless `keep` leaves the endpoint up in the home."""
    work = Path(tempfile.mkdtemp(prefix="aiaas-demo-"))
    session.watch_with(TerminalProgress)
    before = signal.getsignal(signal.SIGINT)
    story, done = None, False
    try:
        session.connect(home if keep or home else str(work / "home"))
        story = Story(work)
        endpoint = _steps(story, work)
        if keep:
            print(
                f"\nThe endpoint stays up at {endpoint.url}. `aiaas stop {endpoint.ref}{session.current().home_words}` ends it."
            )
        print(
            f"\nDone in {story.seconds():.0f} s. Now in a notebook: jupyter lab notebooks/01_first_model.ipynb"
        )
        done = True
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second one would end this half way
        if story is not None and not (keep and done):
            story.end()
        session.close()
        _remove(work)
        signal.signal(signal.SIGINT, before)
    return 0


def _remove(folder: Path) -> None:
    """Remove a folder; a process that was ended just now may still be writing its last file into it."""
    end = time.monotonic() + 5
    while folder.exists() and time.monotonic() < end:
        shutil.rmtree(folder, ignore_errors=True)
        time.sleep(0.05)


def _steps(story: Story, work: Path) -> Endpoint:
    _write(work / "cancer.csv")
    print("From a CSV file to a live endpoint. Every line below works in a notebook.")
    story.chapter(
        "Data", "569 tumours, 30 measurements, a diagnosis; a few measurements are missing."
    )
    story.line("data", f"load {work / 'cancer.csv'} --as cancer")
    story.chapter(
        "Prepare", "Rows with gaps go; all columns get one scale. The model will repeat it."
    )
    story.line("prepare", "cancer --dropna --scale maxabs --as clean")
    story.chapter("Choose", "Two algorithms, compared on rows that neither has seen.")
    straight = story.line(
        "train", "clean --target diagnosis --algo logistic_regression --as straight"
    )
    forest = story.line("train", "clean --target diagnosis --algo random_forest --as forest")
    _compare(straight, forest)
    story.chapter("Tune", "Every combination, by cross-validation on the training rows.")
    story.line(
        "tune",
        "clean --target diagnosis --algo random_forest --cv 5 --as best max_depth=[None,10] min_samples_split=[2,10]",
    )
    story.chapter("Train")
    story.line(
        "train",
        "clean --target diagnosis --algo random_forest --as clf n_estimators=100 max_depth=10",
    )
    story.chapter("Evaluate", "Against the simplest guess, with 95 % intervals.")
    _metrics(story.line("evaluate", "clf"))
    story.chapter("Deploy", "A process of its own that answers over HTTP, on this machine only.")
    again = " --replace" if story.serves("cancer-api") else ""
    endpoint = story.line("deploy", f"clf --as cancer-api{again}")
    prediction = story.line("predict", "cancer-api clean --rows 5")
    if not isinstance(endpoint, Endpoint) or not isinstance(prediction, Prediction):
        raise TypeError("deploy and predict answer handles of their own")
    _request(endpoint)
    return endpoint


def _write(path: Path) -> None:
    """Write real data as a CSV file a colleague could have sent."""
    from sklearn.datasets import load_breast_cancer

    bunch = load_breast_cancer(as_frame=True)
    table = bunch.data.rename(columns=lambda name: name.replace(" ", "_"))
    table["diagnosis"] = [bunch.target_names[code] for code in bunch.target]
    table.iloc[::GAPS, 0] = None
    table.to_csv(path, index=False)


def _compare(*models: Handle) -> None:
    print(f"\n    {'algorithm':<22}{'accuracy on held-out rows':>26}")
    for model in models:
        if isinstance(model, Model):
            print(f"    {model.result.algo:<22}{measure(model.scores['accuracy']):>26}")


def _metrics(evaluation: Handle) -> None:
    if not isinstance(evaluation, Evaluation):
        return
    print(f"\n    {'metric':<20}{'value':>8}{'95 % interval':>20}{'simplest guess':>17}")
    for score in evaluation.result.scores:
        interval = f"{measure(score.low)} to {measure(score.high)}"
        print(
            f"    {score.metric:<20}{measure(score.value):>8}{interval:>20}{measure(score.baseline):>17}"
        )
    top = list(evaluation.importance)[:3]
    print(f"  columns that matter most: {', '.join(top)}")


def _request(endpoint: Endpoint) -> None:
    """Ask the endpoint as any other program would."""
    body = json.dumps(endpoint.info.example).encode()
    headers = {"Authorization": f"Bearer {endpoint.token}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{endpoint.url}/predict", body, headers)  # noqa: S310 - our own address
    with urllib.request.urlopen(request, timeout=30) as reply:  # noqa: S310
        answer = reply.read().decode()
    asked = body.decode()
    print(f"\n    POST {endpoint.url}/predict\n    {asked[: WIDTH - 10]}...")
    print(f"    {reply.status} {answer}")
