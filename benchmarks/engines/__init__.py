"""Job systems under one harness: how each is started, filled, watched and ended."""
