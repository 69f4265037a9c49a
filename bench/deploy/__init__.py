"""Deploy: a suite as a job or a schedule somewhere else, as files that are ready to be installed there."""

from bench.deploy import crontab, github, kubernetes, slurm, systemd  # noqa: F401 - importing registers them
from bench.deploy.bundle import Bundle, bundle
from bench.deploy.command import INSTALLED, Command, called_here, in_shell, job_name
from bench.deploy.slurm import SlurmChoices, slurm_job
from bench.deploy.targets import TARGETS, Choices, Document, Order, Target, read_choices
from bench.deploy.timetable import Timetable

__all__ = [
    "INSTALLED",
    "TARGETS",
    "Bundle",
    "Choices",
    "Command",
    "Document",
    "Order",
    "SlurmChoices",
    "Target",
    "Timetable",
    "bundle",
    "called_here",
    "in_shell",
    "job_name",
    "read_choices",
    "slurm_job",
]
