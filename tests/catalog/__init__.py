"""Tests of tai.catalog."""
