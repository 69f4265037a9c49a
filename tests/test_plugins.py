"""Plugin files."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path

import pytest

from bench.plugins import PluginError, import_plugin, module_name
from bench.registry import Registry
from bench.suite import SuiteError, load_suite
from tests.suite.samples import small_suite


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_imported_once_under_a_name_of_its_own(tmp_path: Path) -> None:
    one = write(
        tmp_path / "a" / "extra.py", "import sys\nsys.bench_count = getattr(sys, 'bench_count', 0) + 1\nclass C: pass\n"
    )
    other = write(tmp_path / "b" / "extra.py", "VALUE = 2\n")
    for path in (one, one, other):
        import_plugin(path)
    assert sys.__dict__.pop("bench_count") == 1
    assert module_name(one) != module_name(other)
    thing = sys.modules[module_name(one)].C()
    assert type(pickle.loads(pickle.dumps(thing))) is type(thing)


def test_a_changed_file_is_imported_again(tmp_path: Path) -> None:
    path = write(tmp_path / "extra.py", "VALUE = 1\n")
    import_plugin(path)
    write(path, "VALUE = 22\n")
    import_plugin(path)
    assert sys.modules[module_name(path)].VALUE == 22


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 1\ny = nope\n", "importing it fails at line 2: NameError: name 'nope' is not defined"),
        ("def f(:\n", "importing it fails at line 1: SyntaxError"),
        ("import bench_no_such_module\n", "line 1: ModuleNotFoundError: No module named 'bench_no_such_module'"),
        ("\nimport json\njson.loads('{')\n", "importing it fails at line 3: json.decoder.JSONDecodeError"),
        ("raise SystemExit(3)\n", "importing it fails at line 1: SystemExit: 3"),
        (
            "from bench.datasets import register_dataset\n\n\n@register_dataset('ring')\ndef ring():\n    pass\n",
            "importing it fails at line 4: bench.errors.BenchError: dataset 'ring' is registered",
        ),
    ],
)
def test_plugins_that_fail(tmp_path: Path, text: str, message: str) -> None:
    path = write(tmp_path / "extra.py", text)
    with pytest.raises(PluginError) as raised:
        import_plugin(path)
    assert message in str(raised.value)
    assert module_name(path) not in sys.modules


def test_failure_in_a_suite(tmp_path: Path) -> None:
    write(tmp_path / "extra.py", "x = 1\ny = nope\n")
    suite = write(
        tmp_path / "x.yaml",
        "name: a b\nseeds: 1\ndatasets: [mine]\nmethods:\n  v: {family: vae}\nplugins: [extra.py, no.py, b.txt]\n",
    )
    with pytest.raises(SuiteError) as raised:
        load_suite(suite)
    lines = str(raised.value).splitlines()
    assert lines[0].startswith(f"{suite}:1:7: name: found 'a b'")
    assert (
        lines[1] == f"{suite}:6:11: plugins[0]: found 'extra.py': importing it fails at line 2: "
        "NameError: name 'nope' is not defined"
    )
    assert lines[2].startswith(f"{suite}:6:21: plugins[1]: found 'no.py': there is no such file")
    assert lines[3].startswith(f"{suite}:6:28: plugins[2]: found 'b.txt': expected a file that ends in .py")
    assert len(lines) == 4, "names that the plugin might define are not called unknown"


def test_a_plugin_is_imported_before_names_are_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    registry: Registry[object] = Registry("stand-in")
    monkeypatch.setattr(sys.modules["bench.suite.models.checks"], "DATASETS", registry)
    sys.bench_test_registry = registry  # type: ignore[attr-defined]
    write(
        tmp_path / "extra.py",
        "import sys\n\n\ndef mine(modes: int = 3): ...\n\n\nsys.bench_test_registry.add('mine', mine)\n",
    )
    monkeypatch.setattr(sys.modules["bench.suite.models.checks"], "dataset_parameter_errors", lambda *_: ())
    monkeypatch.chdir(tmp_path)
    suite = load_suite(small_suite(datasets=["mine"], plugins=["extra.py"]))
    assert [entry.label for entry in suite.datasets] == ["mine"]
    assert suite.plugins == (tmp_path.resolve() / "extra.py",)
    del sys.bench_test_registry  # type: ignore[attr-defined]
