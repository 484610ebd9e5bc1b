"""Tests of `humannet_assets.media`."""
