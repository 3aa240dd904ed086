"""What a first visit sends."""

from __future__ import annotations

from benchmarks.bytes import visit


def test_a_first_visit_of_analyse_is_light(browser, server):
    """Under 4 MB: no chart's library comes along, and scripts are compressed."""
    found = visit(browser, server.url)
    assert found.http + found.websocket < 4_000_000
    assert found.http < 2_000_000, "compressed: 1.2 MB"
