"""Former place of `bench.suite.list_references`."""

from bench.suite.models.references import list_references

references = list_references
