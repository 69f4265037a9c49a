"""Declared and undeclared columns, looked up by name."""

from __future__ import annotations

import pytest

from bench.column import GROUPS, divergence_of, exact_divergence_of, level_of, write_level

from .declared import COLUMNS


@pytest.mark.parametrize(
    ("name", "better"),
    [
        ("elbo", "higher"),
        ("log_likelihood_iw", "higher"),
        ("parzen_log_likelihood", "higher"),
        ("fid", "lower"),
        ("kid", "lower"),
        ("precision", "higher"),
        ("recall", "higher"),
        ("fid_infinity", "lower"),
        ("density", None),
        ("coverage", "higher"),
        ("modes_covered", "higher"),
        ("high_quality_fraction", "higher"),
        ("mode_kl", "lower"),
        ("div_kl", "lower"),
        ("div_gan", "lower"),
        ("div_alpha(0.3)", "lower"),
        ("div_kl_exact", "lower"),
        ("divergence_spread", None),
        ("reconstruction", None),
        ("kl_term", None),
        ("modes_total", None),
        ("training_bound", None),
        ("generator_mean", None),
        ("train_seconds", None),
        ("a_metric_of_mine", None),
    ],
)
def test_better_ends(name: str, better: str | None) -> None:
    assert COLUMNS.describe(name).better == better


@pytest.mark.parametrize(
    "name",
    [
        *(column.name for column in COLUMNS.of_role("figure")),
        "div_kl",
        "div_alpha(0.3)",
        "div_js_exact",
        "training_elbo",
        "a_metric_of_mine",
    ],
)
def test_every_column_is_described(name: str) -> None:
    column = COLUMNS.describe(name)
    assert column.name == name
    assert column.label
    assert column.description.endswith(".")
    assert column.group in {*GROUPS, "Calibration"}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("div_kl", "kl"),
        ("div_squared_hellinger", "squared_hellinger"),
        ("div_alpha(0.3)", "alpha(0.3)"),
        ("div_kl_se", None),
        ("div_kl_exact", None),
        ("diversity", None),
        ("fid", None),
    ],
)
def test_divergence_of_a_column(name: str, expected: str | None) -> None:
    assert divergence_of(name) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("div_kl_exact", "kl"),
        ("div_alpha(0.3)_exact", "alpha(0.3)"),
        ("div_kl", None),
        ("div_kl_exact_se", None),
        ("elbo_exact", None),
    ],
)
def test_exact_divergence_of_a_column(name: str, expected: str | None) -> None:
    assert exact_divergence_of(name) == expected


def test_exact_values_are_divergences_of_their_own_kind() -> None:
    column = COLUMNS.describe("div_kl_exact")
    assert (column.label, column.group, column.unit, column.divergence) == (
        "KL(P‖Q) exact",
        "Divergences",
        "nats",
        "kl",
    )
    assert COLUMNS.describe("div_alpha(0.3)_exact").label == "alpha(0.3) exact"
    assert COLUMNS.describe("div_kl").divergence == "kl"
    assert COLUMNS.describe("fid").divergence == ""


def test_lower_ends() -> None:
    assert COLUMNS.lower_end("gan") == pytest.approx(-1.3862944)
    assert COLUMNS.lower_end("kl") == COLUMNS.lower_end("alpha(0.3)") == 0


def test_columns_are_printed_by_group() -> None:
    names = ["train_seconds", "my_metric", "div_js", "div_kl", "fid", "elbo", "div_alpha(0.3)"]
    expected = ["elbo", "div_kl", "div_js", "div_alpha(0.3)", "fid", "my_metric", "train_seconds"]
    assert sorted(names, key=COLUMNS.sort_key) == expected
    exact = ["div_kl_exact", "div_alpha(0.3)", "div_kl", "div_alpha(0.3)_exact"]
    assert sorted(exact, key=COLUMNS.sort_key) == ["div_kl", "div_alpha(0.3)", "div_kl_exact", "div_alpha(0.3)_exact"]


@pytest.mark.parametrize(
    ("group", "names"),
    [
        (
            "Likelihood",
            "elbo reconstruction kl_term active_units log_likelihood_iw log_likelihood_exact posterior_gap "
            "mean_field_gap parzen_log_likelihood",
        ),
        ("Features", "fid fid_infinity kid precision recall density coverage"),
        ("Modes", "modes_covered modes_total high_quality_fraction mode_kl"),
    ],
)
def test_printed_columns_of_a_group(group: str, names: str) -> None:
    printed = [column.name for column in COLUMNS.of_role("figure") if column.group == group and column.printed]
    assert sorted(printed, key=COLUMNS.sort_key) == names.split()


@pytest.mark.parametrize("name", [name for column in COLUMNS.values() for name, _ in column.settings])
def test_settings_are_columns_that_are_not_printed(name: str) -> None:
    assert COLUMNS.describe(name).fixed
    assert not COLUMNS.describe(name).printed


def test_labels_are_no_metrics() -> None:
    labels = {label for column in COLUMNS.values() for label in column.depends_on}
    assert labels < {column.name for column in COLUMNS.of_role("label")}


@pytest.mark.parametrize(
    ("name", "label", "protocol"),
    [
        ("div_js@s=0.5", "JS, s = 0.5", "divergence_curve"),
        ("div_alpha(0.3)@s=1.4", "alpha(0.3), s = 1.4", "divergence_curve"),
        ("div_kl@features", "KL(P‖Q) of features", "feature_divergences"),
    ],
)
def test_estimates_under_a_condition_are_those_of_their_divergence(name: str, label: str, protocol: str) -> None:
    column, plain = COLUMNS.describe(name), COLUMNS.describe(name.partition("@")[0])
    assert (column.name, column.label, column.protocol) == (name, label, protocol)
    assert (column.divergence, column.unit, column.lower, column.upper) == (
        plain.divergence, plain.unit, plain.lower, plain.upper,
    )  # fmt: skip
    assert (column.better, column.headline, column.is_exact) == ("lower", "", False)
    assert divergence_of(name) is None


@pytest.mark.parametrize(
    ("name", "level"),
    [
        ("div_js@s=0.5", ("js", 0.5)),
        ("div_alpha(0.3)@s=1e-05", ("alpha(0.3)", 1e-5)),
        ("div_js@features", None),
        ("div_js@s=wide", None),
        ("div_js@s=0.5_se", None),
        ("div_js", None),
    ],
)
def test_levels_of_noise_are_read_from_names(name: str, level: tuple[str, float] | None) -> None:
    assert level_of(name) == level
    if level is not None:
        assert write_level(*level) == name


@pytest.mark.parametrize("of", ["div_js", "div_js@s=0.5", "div_js@features", "fid"])
@pytest.mark.parametrize("end", ["_se", "_n", "_reach"])
def test_companions_of_every_figure(of: str, end: str) -> None:
    assert COLUMNS.companion_of(f"{of}{end}") == of
    column = COLUMNS.describe(f"{of}{end}")
    assert (column.group, column.printed, column.divergence) == (COLUMNS.describe(of).group, False, "")
    assert column.upper == (1.0 if end == "_reach" else None)
