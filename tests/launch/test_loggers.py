"""Loggers: what they are told, that they decide nothing, and that what goes wrong in them stops no run."""

from __future__ import annotations

import struct
import sys
import threading
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import bench
from bench.errors import BenchError
from bench.launch.loggers import LOGGERS, Feed, LoggerKind, content, make_loggers, register_logger, require_loggers
from bench.results import RunRecord, RunStore
from bench.spec import Settings
from bench.suite import SuiteError, load_suite, resolved_text
from tests.launch.test_launch import odd_suite
from tests.registries import restored
from tests.results.samples import record, store

CURVES = ((1, "loss", 2.0), (3, "loss", 1.0), (3, "bound", float("nan")))
FAILED = {"status": "failed", "error": "ValueError: no"}


def sample(run_id: str = "a", **changes: Any) -> RunRecord:
    config = {"training": {"steps": 3, "betas": [0.5, 0.9]}, "protocols": {"fid": "fid/1"}, "seed": 0}
    values = {"config": config, "curves": CURVES, "steps": 3, "train_seconds": 6.0, "eval_seconds": 1.0}
    return record(run_id, **values | {"metrics": {"fid": 4.0, "kid": float("inf")}} | changes)


class NoSettings(Settings):
    """None."""


class Notebook:
    """Keeps what it is told, or fails."""

    told: list[RunRecord]

    def __init__(self, settings: Settings, store: RunStore) -> None:
        self.told = []
        self.events: list[str] = []
        self.broken = False

    def begin(self, suite: str) -> None:
        self.events.append(f"begin {suite}")

    def log(self, record: RunRecord) -> None:
        if self.broken:
            raise ConnectionError("no server\nat all")
        self.told.append(record)

    def finish(self) -> None:
        self.events.append("finish")


@pytest.fixture
def notebook() -> Iterator[Notebook]:
    """A registered logger, and the one that is made of it."""
    made = Notebook(NoSettings(), RunStore("unused"))
    with restored():
        LOGGERS.add("notebook", LoggerKind(lambda settings, store: made, NoSettings, "json", "x"), __name__)
        yield made


def test_records_come_with_their_curves_once_each(notebook: Notebook, tmp_path: Path) -> None:
    runs = bench.run(odd_suite("well", "nan") | {"loggers": ["notebook"]}, out=tmp_path, inline=True)
    told = [each for each in notebook.told if each.method != "real data"]
    assert sorted(each.run_id for each in told) == sorted(runs["run_id"])
    assert {each.method: each.status for each in told} == {"well": "done", "nan": "diverged", "vae": "done"}
    assert all(each.curves for each in told if each.method == "vae")
    assert notebook.events == ["begin odd", "finish"]
    bench.run(odd_suite("well", "nan") | {"loggers": ["notebook"]}, out=tmp_path, inline=True)
    assert notebook.events == ["begin odd", "finish"], "nothing was launched"
    bench.check(odd_suite() | {"loggers": ["notebook"]})
    assert len(notebook.events) == 2, "a check is no result"


def test_a_logger_that_fails_stops_no_run_and_is_told_once(
    notebook: Notebook, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    notebook.broken = True
    runs = bench.run(odd_suite("well") | {"loggers": ["notebook"], "seeds": 3}, out=tmp_path, inline=True)
    assert (runs["status"] == "done").all()
    told = " ".join(capsys.readouterr().err.split())
    assert told.count("notebook: 9 runs could not be logged (ConnectionError: no server)") == 1


def test_a_logger_that_cannot_begin_is_told_before_anything_starts(
    notebook: Notebook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(suite: str) -> None:
        raise OSError("no such server")

    monkeypatch.setattr(notebook, "begin", refuse)
    with pytest.raises(BenchError, match=r"notebook cannot begin \(OSError: no such server\)"):
        bench.run(odd_suite() | {"loggers": ["notebook"]}, out=tmp_path, inline=True)
    assert not (tmp_path / "odd" / "plan.parquet").exists()
    assert not list(tmp_path.glob("odd/runs/*"))


def test_an_interrupted_launch_does_not_wait_for_ever(
    notebook: Notebook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    released = threading.Event()
    monkeypatch.setattr(notebook, "log", lambda record: released.wait(60))
    monkeypatch.setattr("bench.launch.loggers.feed._PATIENCE", 0.1)
    store(tmp_path, sample())
    feed = Feed({"notebook": notebook}, RunStore(tmp_path))

    def launch() -> None:
        with feed:
            feed.tell("a")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        launch()
    assert feed.problems == ["1 runs were not logged, since the command was interrupted; they are in the results"]
    released.set()


def test_a_missing_package_is_one_error_that_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(BenchError, match=r'pip install "divergence-bench\[mlflow\]"') as found:
        bench.run(odd_suite() | {"loggers": ["mlflow"]}, out=tmp_path, inline=True)
    assert len(str(found.value).splitlines()) == 1
    assert list(tmp_path.iterdir()) == []
    with restored():
        register_logger("mine", settings=NoSettings, package="not_there_at_all", install="mine")(Notebook)
        with pytest.raises(BenchError, match='pip install "mine"'):
            require_loggers(["mine"])


def test_loggers_are_no_part_of_what_a_run_is(tmp_path: Path) -> None:
    with_loggers = odd_suite() | {"loggers": ["tensorboard", {"name": "mlflow", "tracking_uri": "http://h:5000"}]}
    plain, logged = load_suite(odd_suite()), load_suite(with_loggers)
    assert [run.run_id for run in plain.runs()] == [run.run_id for run in logged.runs()]
    assert "loggers" not in resolved_text(plain, tmp_path)
    (tmp_path / "suite.yaml").write_text(resolved_text(logged, tmp_path))
    assert load_suite(tmp_path / "suite.yaml").loggers == logged.loggers
    assert [entry.options for entry in logged.loggers] == [{}, {"tracking_uri": "http://h:5000"}]


def test_calibration_suites_have_loggers_too() -> None:
    suite = {
        "kind": "calibration", "name": "c", "seeds": 1, "estimators": {"knn": {}}, "samples": [200],
        "pairs": {"shapes": ["shifted"], "dimensions": [2], "sizes": [1.0]}, "loggers": ["tensorboard"],
    }  # fmt: skip
    assert [entry.name for entry in load_suite(suite).loggers] == ["tensorboard"]


@pytest.mark.parametrize(
    ("loggers", "message"),
    [
        (["tensorbord"], "did you mean 'tensorboard'?"),
        ([{"name": "wandb", "projekt": "x"}], "did you mean 'project'?"),
        (["wandb", {"name": "wandb"}], "'wandb' again, as in loggers[0]"),
        ([{"name": "wandb", "mode": "of"}], "loggers[0].mode"),
        ([{"name": "mlflow", "tracking_uri": "https://me:secret@host"}], "holds a password"),
        ("tensorboard", "a list"),
    ],
)
def test_wrong_loggers_are_told_with_their_place(loggers: Any, message: str) -> None:
    with pytest.raises(SuiteError) as found:
        load_suite(odd_suite() | {"loggers": loggers})
    assert message in str(found.value)


def test_contents_are_plain_and_finite() -> None:
    one = sample(method="a/b", error="why", status="failed")
    assert content.run_name(one) == "s/a_b/ring/seed-0"
    assert content.settings_of(one) == {
        "method": "a/b", "dataset": "ring", "seed": 0, "family": "fgan", "training.steps": 3,
        "training.betas": "[0.5, 0.9]", "cohort_size": 1,
    }  # fmt: skip
    assert content.figures_of(one) == {"fid": 4.0, "train_seconds": 6.0, "eval_seconds": 1.0}
    assert content.curves_of(one) == {1: {"loss": 2.0}, 3: {"loss": 1.0}}
    assert content.outcome_of(one) == {"status": "failed", "error": "why"}
    assert (content.moment_of(one, 1) - one.started_at).total_seconds() == 2
    assert (content.end_of(one) - one.started_at).total_seconds() == 7


def events(path: Path) -> Iterator[Any]:
    """TensorBoard's records: length, its checksum, content, its checksum."""
    from tensorboardX.proto.event_pb2 import Event

    data = path.read_bytes()
    while data:
        (length,) = struct.unpack("<Q", data[:8])
        yield Event.FromString(data[12 : 12 + length])
        data = data[16 + length :]


def test_tensorboard_has_curves_figures_settings_and_status(tmp_path: Path) -> None:
    pytest.importorskip("tensorboardX")
    results = RunStore(tmp_path / "odd")
    (logger,) = make_loggers({"tensorboard": {}}, results).values()
    logger.begin("odd")
    logger.log(sample(metrics={"fid": 9.0}))
    logger.log(sample(**FAILED))
    logger.finish()
    (path,) = (tmp_path / "odd" / "tensorboard" / "kl" / "ring" / "seed-0").iterdir()
    values = [(event.step, value) for event in events(path) for value in event.summary.value]
    numbers = {(value.tag, step): value.simple_value for step, value in values if value.HasField("simple_value")}
    assert numbers[("curves/loss", 1)] == 2
    assert numbers[("curves/loss", 3)] == 1
    assert numbers[("figures/fid", 3)] == 4, "the later one takes the place of the earlier"
    tags = {value.tag: value for _, value in values}
    assert b"ValueError: no" in tags["status/text_summary"].tensor.string_val[0]
    assert b"training.betas" in tags["_hparams_/session_start_info"].metadata.plugin_data.content


def test_tensorboard_has_a_folder_of_its_own_where_the_suite_says(tmp_path: Path) -> None:
    (logger,) = make_loggers({"tensorboard": {"folder": str(tmp_path / "logs")}}, RunStore(tmp_path / "odd")).values()
    logger.begin("odd")
    logger.log(sample())
    assert len(list((tmp_path / "logs" / "odd" / "kl" / "ring" / "seed-0").iterdir())) == 1


def test_mlflow_has_curves_figures_settings_and_status(tmp_path: Path) -> None:
    tracking = pytest.importorskip("mlflow.tracking")
    pytest.importorskip("sqlalchemy")
    address = f"sqlite:///{tmp_path / 'mlflow.db'}"
    for _ in range(2):
        (logger,) = make_loggers({"mlflow": {"tracking_uri": address}}, RunStore(tmp_path / "odd")).values()
        logger.begin("odd")
        logger.log(sample(**FAILED))
        logger.log(sample("b", method="js"))
        logger.finish()
    client = tracking.MlflowClient(address)
    found = client.search_runs([client.get_experiment_by_name("odd").experiment_id])
    by_name = {run.info.run_name: run for run in found}
    assert by_name.keys() == {"s/kl/ring/seed-0", "s/js/ring/seed-0"}, "told twice, there once"
    bad = by_name["s/kl/ring/seed-0"]
    assert (bad.info.status, by_name["s/js/ring/seed-0"].info.status) == ("FAILED", "FINISHED")
    assert (bad.data.tags["bench.status"], bad.data.tags["bench.error"]) == ("failed", "ValueError: no")
    assert (bad.data.metrics["fid"], bad.data.params["training.steps"]) == (4.0, "3")
    history = client.get_metric_history(bad.info.run_id, "curves/loss")
    assert [(point.step, point.value) for point in history] == [(1, 2.0), (3, 1.0)]
    assert bad.info.end_time - bad.info.start_time == 7000


class FakeWandb(types.ModuleType):
    """What is used of W&B, which is large: the calls, as it takes them."""

    Error = RuntimeError

    def __init__(self) -> None:
        super().__init__("wandb")
        self.calls: list[tuple[str, Any]] = []
        self.summary = self

    def Api(self) -> None:  # noqa: N802
        raise RuntimeError("No API key configured")

    def Settings(self, **settings: Any) -> dict[str, Any]:  # noqa: N802
        return settings

    def init(self, **options: Any) -> FakeWandb:
        self.calls.append(("init", options))
        return self

    def log(self, values: dict[str, float], step: int) -> None:
        self.calls.append(("log", (step, values)))

    def update(self, values: dict[str, Any]) -> None:
        self.calls.append(("summary", values))

    def finish(self, exit_code: int) -> None:
        self.calls.append(("finish", exit_code))


@pytest.fixture
def fake_wandb(monkeypatch: pytest.MonkeyPatch) -> FakeWandb:
    fake = FakeWandb()
    monkeypatch.setitem(sys.modules, "wandb", fake)
    monkeypatch.delenv("WANDB_MODE", raising=False)
    return fake


def test_wandb_has_curves_figures_settings_and_status(fake_wandb: FakeWandb, tmp_path: Path) -> None:
    (logger,) = make_loggers({"wandb": {"mode": "offline"}}, RunStore(tmp_path / "odd")).values()
    logger.begin("odd")
    logger.log(sample(**FAILED))
    (_, made), *rest = fake_wandb.calls
    assert (made["project"], made["id"], made["name"]) == ("odd", "a", "s/kl/ring/seed-0")
    assert (made["mode"], made["config"]["training.steps"]) == ("offline", 3)
    assert rest == [
        ("log", (1, {"curves/loss": 2.0})),
        ("log", (3, {"curves/loss": 1.0})),
        ("summary", {"fid": 4.0, "train_seconds": 6.0, "eval_seconds": 1.0, **FAILED}),
        ("finish", 1),
    ]


def test_wandb_without_a_key_is_told_before_anything_starts(fake_wandb: FakeWandb, tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="set WANDB_API_KEY"):
        bench.run(odd_suite() | {"loggers": ["wandb"]}, out=tmp_path, inline=True)
    assert not list(tmp_path.glob("odd/runs/*"))
