"""Former place of `bench.plugins`."""

from bench.plugins import import_plugin as import_plugin
from bench.plugins import module_name as module_name
