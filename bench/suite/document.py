"""Former place of `bench.suite.read_plain`."""

from bench.suite.reading.document import read_plain as read_plain
