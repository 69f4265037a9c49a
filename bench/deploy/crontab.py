"""A line for crontab: flock keeps two runs on one machine apart, the lock in the results those on several."""

from __future__ import annotations

from collections.abc import Sequence

from bench.deploy.command import in_shell
from bench.deploy.targets import TARGETS, Choices, Document, Order, Target


def render(order: Order, choices: Choices) -> Sequence[Document]:
    """Write the line; see crontab(5), which takes `%` for the end of it unless it is escaped."""
    command = order.command
    both = f"{in_shell(command.run('--exclusive'))} && {in_shell(command.compare())}"
    line = (
        f"cd {in_shell([str(order.folder)])} && "
        f"{in_shell(['flock', '--nonblock', f'.{order.name}.flock', 'sh', '-c', both])} >> {order.name}.log 2>&1"
    )
    text = (
        f"# {command.name}: append to `crontab -e`; output goes to {order.folder}/{order.name}.log\n"
        f"{order.timetable.text} {line.replace('%', chr(92) + '%')}\n"
    )
    return [Document(f"{order.name}.crontab", text)]


TARGETS.add("cron", Target(Choices, render, takes_timezone=False, is_elsewhere=False), __name__)
