"""Plugin files."""

from __future__ import annotations

import ast
import os
import pickle
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from bench.divergences import DIVERGENCES
from bench.plugins import PluginError, hash_code, import_plugin, module_name
from bench.registry import Registry
from bench.suite import SuiteError, load_suite
from tests.registries import restored
from tests.suite.samples import small_suite


@pytest.fixture(autouse=True)
def registries() -> Iterator[None]:
    with restored():
        yield


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


CODE = """
# a comment
def f(x: int = 1) -> int:
    \"\"\"Says what it does.\"\"\"
    return x + 1


class C:
    \"\"\"Says what it is.\"\"\"
    a: str = "text"
"""
HARMLESS = [
    ("# a comment\n", ""),
    ("Says what it does.", "Says more."),
    ('    """Says what it is."""\n', ""),
    ("\n\n\nclass", "\n\nclass"),
    ("x + 1", "(x\n            + 1)  # because"),
    ('"text"', "'text'"),
    ("# a comment", '"""The module\'s text."""'),
]
CHANGES = [
    ("x + 1", "x + 2"),
    ("x + 1", "x + 1.0"),
    ("int = 1", "int = True"),
    ('"text"', '"Text"'),
    ("def f", "def g"),
]


def hash_of(code: str) -> str:
    return hash_code(ast.parse(code))


@pytest.mark.parametrize(("old", "new"), HARMLESS)
def test_comments_docstrings_and_layout_are_no_code(old: str, new: str) -> None:
    assert CODE.count(old) == 1
    assert hash_of(CODE.replace(old, new)) == hash_of(CODE)


@pytest.mark.parametrize(("old", "new"), CHANGES)
def test_code_is_code(old: str, new: str) -> None:
    assert CODE.count(old) == 1
    assert hash_of(CODE.replace(old, new)) != hash_of(CODE)


def test_the_hash_is_the_same_under_every_python() -> None:
    """Run ids rest on it; what `ast.dump` prints differs between versions."""
    assert (
        hash_of("x = [f'{1}', None, b'a', 1e-3]\n\n\ndef f(): return\n")
        == "e577947c571ded42c8dbb801782012108a14be7e487f8307786f32a9c5af3839"
    )


def test_an_edit_within_a_second_and_of_the_same_size_is_seen(tmp_path: Path) -> None:
    """Python's own bytecode cache would take the old file for the new one."""
    path = write(tmp_path / "extra.py", "VALUE = 1\n")
    import_plugin(path)
    before = path.stat()
    write(path, "VALUE = 2\n")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    import_plugin(path)
    assert sys.modules[module_name(path)].VALUE == 2
    assert not list(tmp_path.rglob("*.pyc"))


TWO = """import bench

bench.register_divergence('one', lambda r: r**2)
bench.register_divergence('two', lambda r: r**3)
"""


def test_names_that_are_no_longer_registered_are_forgotten(tmp_path: Path) -> None:
    first, second = tmp_path / "first.py", tmp_path / "second.py"
    import_plugin(write(first, TWO))
    import_plugin(write(second, TWO.replace("one", "three").replace("two", "four")))
    import_plugin(write(first, TWO.replace("'two'", "'five'")))
    assert list(DIVERGENCES)[-4:] == ["one", "three", "four", "five"]
    assert "two" not in DIVERGENCES
    assert float(DIVERGENCES["one"].f(torch.tensor(3.0))) == 9.0


def test_a_file_that_fails_when_it_is_imported_again_leaves_what_it_registered(tmp_path: Path) -> None:
    path = write(tmp_path / "extra.py", TWO)
    import_plugin(path)
    known = dict(DIVERGENCES)
    source = DIVERGENCES.source("one")
    with pytest.raises(PluginError, match="at line 5"):
        import_plugin(write(path, TWO.replace("'two'", "'six'") + "nope\n"))
    assert dict(DIVERGENCES) == known
    assert DIVERGENCES.source("one") == source is not None
    import_plugin(write(path, TWO.replace("'two'", "'six'")))
    assert "six" in DIVERGENCES


def test_a_file_that_fails_at_first_registers_nothing(tmp_path: Path) -> None:
    known = list(DIVERGENCES)
    with pytest.raises(PluginError):
        import_plugin(write(tmp_path / "extra.py", TWO + "nope\n"))
    assert list(DIVERGENCES) == known


def test_a_file_may_vouch_for_its_versions(tmp_path: Path) -> None:
    path = write(tmp_path / "extra.py", TWO)
    import_plugin(path)
    assert DIVERGENCES.source("one") == hash_of(TWO)
    import_plugin(write(path, "__bench_source__ = None\n" + TWO))
    assert DIVERGENCES.source("one") is None


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
