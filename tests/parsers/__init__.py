"""Tests of tai.parsers."""
