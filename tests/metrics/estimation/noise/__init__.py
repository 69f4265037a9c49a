"""Tests of estimates under noise."""
