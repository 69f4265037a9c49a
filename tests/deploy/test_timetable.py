"""Cron expressions: read strictly, with one error each, and the times that they stand for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.deploy import Timetable
from bench.errors import ArgumentError


def test_fields_are_read() -> None:
    found = Timetable.parse("*/20 2,14-16 1-31/10 JAN-mar *")
    assert found.minutes == {0, 20, 40}
    assert found.hours == {2, 14, 15, 16}
    assert found.days == {1, 11, 21, 31}
    assert found.months == {1, 2, 3}
    assert found.weekdays is None


@pytest.mark.parametrize("text", ["0 2 * * 7", "0 2 * * 0", "0 2 * * Sun", " 0  2 * * sun "])
def test_sunday_has_three_names(text: str) -> None:
    assert Timetable.parse(text).weekdays == {0}


@pytest.mark.parametrize(
    ("macro", "text"), [("@daily", "0 0 * * *"), ("@Weekly", "0 0 * * 0"), ("@yearly", "0 0 1 1 *")]
)
def test_macros_are_written_out(macro: str, text: str) -> None:
    assert Timetable.parse(macro) == Timetable.parse(text)
    assert Timetable.parse(macro).text == text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "found 0 fields; expected 5"),
        ("0 2 * *", "found 4 fields"),
        ("0 0 2 * * *", "found 6 fields"),
        ("@reboot", "found 1 fields"),
        ("60 * * * *", "minute: found '60'; expected 0 to 59"),
        ("* 24 * * *", "hour: found '24'; expected 0 to 23"),
        ("* * 0 * *", "day of the month: found '0'; expected 1 to 31"),
        ("* * * 13 *", "month: found '13'"),
        ("* * * foo *", "month: found 'foo'"),
        ("* * * * 8", "day of the week: found '8'"),
        ("* * * * mon-foo", "day of the week: found 'foo'"),
        ("0 22-2 * * *", "goes backwards"),
        ("5/10 * * * *", "a step needs a range, such as 5-59/10"),
        ("*/0 * * * *", "found step 0"),
        ("*/61 * * * *", "found step 61"),
        ("0 2 L * *", "day of the month: found 'L'"),
        ("0 2 ? * MON", "day of the month: found '?'"),
        ("0 2 * * 5#2", "day of the week: found '5#2'"),
        ("1,,2 * * * *", "minute: found ''"),
        ("-1 * * * *", "minute: found '-1'"),
        ("0 2 30 2 *", "there is no such day in any year"),
        ("0 2 31 4,6,9,11 *", "there is no such day in any year"),
        ("0 2 */2 * mon", "daemons differ in that"),
        ("0 2 13 * */2", "daemons differ in that"),
        ("٣ * * * *", "minute: found '٣'"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(text: str, told: str) -> None:
    with pytest.raises(ArgumentError) as error:
        Timetable.parse(text)
    assert told in str(error.value)
    assert str(error.value).startswith(f"--cron '{text}': ")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("* * * * *", 60),
        ("0 * * * *", 3600),
        ("*/40 * * * *", 20 * 60),
        ("0 2 * * *", 86400),
        ("0 1,23 * * *", 2 * 3600),
        ("0 2 * * 1", 7 * 86400),
        ("0 2 1 * *", 28 * 86400),
        ("0 2 29 2 *", 4 * 365 * 86400 + 86400),
        ("0 2 13 * fri", 86400),
    ],
)
def test_the_shortest_period(text: str, seconds: int) -> None:
    assert Timetable.parse(text).shortest_period == seconds


@given(st.sets(st.integers(0, 59), min_size=1), st.sets(st.integers(0, 23), min_size=1))
def test_a_list_stands_for_its_numbers(minutes: set[int], hours: set[int]) -> None:
    found = Timetable.parse(f"{','.join(map(str, minutes))} {','.join(map(str, hours))} * * *")
    assert found.minutes == minutes
    assert found.hours == hours
    assert len(found.times_of_day) == len(minutes) * len(hours)
